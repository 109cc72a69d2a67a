#include "lib/codec/json.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "lib/codec/toml.hpp"

namespace bulkhead::codec {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestFault = 256;

toml::Position place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.line = static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
          .column = static_cast<std::uint32_t>(before.size() - line_start + 1)};
}

// Checks JSON without building a value.
class Inspector final : public nlohmann::json_sax<json> {
 public:
  explicit Inspector(RepeatedNames names) : names_(names) {}

  const std::string& fault() const { return fault_; }
  std::size_t offset() const { return offset_; }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (names_ == RepeatedNames::last_counts || open_.back().insert(name).second) return true;
    fault_ = std::format("'{}' is defined twice in one table", name.substr(0, 64));
    return false;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const json::exception& reason) override {
    offset_ = position == 0 ? 0 : position - 1;
    const std::string_view text = reason.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    const std::size_t start = text.find(": ");
    fault_ = start == std::string_view::npos ? text : text.substr(start + 2);
    // What was read last may be a part of a secret.
    fault_ = fault_.substr(0, std::min(fault_.find("; last read:"), kLongestFault));
    return false;
  }

 private:
  bool open() {
    open_.emplace_back();
    if (open_.size() <= kDeepestJson) return true;
    fault_ = std::format("values are nested deeper than {} levels", kDeepestJson);
    return false;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  RepeatedNames names_;
  std::vector<std::set<std::string>> open_;  // with the names so far
  std::string fault_;
  std::size_t offset_ = 0;
};

Result<> inspect(std::string_view text, const std::string& source, RepeatedNames names) {
  Inspector inspector(names);
  if (json::sax_parse(text, &inspector)) return {};
  if (source.empty()) return fail(error(ErrorCode::invalid_argument, "{}", inspector.fault()));
  if (inspector.offset() == 0) return fail(ErrorCode::invalid_argument, "{}: {}", source, inspector.fault());
  return fail(toml::error_at(source, place_in(text, inspector.offset()), "{}", inspector.fault()));
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, const std::string& source, RepeatedNames names) {
  TRY(inspect(text, source, names));
  return json::parse(text, nullptr, false);
}

Result<nlohmann::ordered_json> parse_ordered_json(std::string_view text, const std::string& source) {
  TRY(inspect(text, source, RepeatedNames::last_counts));
  return nlohmann::ordered_json::parse(text, nullptr, false);
}

Result<nlohmann::json> parse_cbor(std::string_view bytes) {
  Inspector inspector(RepeatedNames::last_counts);
  if (!json::sax_parse(bytes, &inspector, json::input_format_t::cbor))
    return fail(ErrorCode::invalid_argument, "{}", inspector.fault());
  return json::from_cbor(bytes, /*strict=*/true, /*allow_exceptions=*/false);
}

}  // namespace bulkhead::codec
