#include "api-server/render/template.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "lib/base/text.hpp"
#include "lib/codec/toml.hpp"

namespace bulkhead::render {
namespace {

struct Embedded {
  std::string_view name;
  std::string_view text;
};
constexpr auto kTemplates = std::to_array<Embedded>({
#include "api-server/render/templates.inc"
});

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A line with only the tag of a section is removed, according to the Mustache manual; the library does so only for
// sections that it fills. So the tag moves to the end of the previous line, which must exist.
std::string without_tag_lines(std::string_view text) {
  std::string result;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view tag = trim(line);
    const bool opens = tag.starts_with("{{#") || tag.starts_with("{{^") || tag.starts_with("{{/");
    const bool alone = opens && tag.find("}}") + 2 == tag.size();
    if (!alone && line.data() != text.data()) result += '\n';
    result += alone ? tag : line;
  }
  return result;
}

Result<std::string> written(const std::string& value, Format format) {
  if (!is_utf8(value)) return fail(ErrorCode::invalid_argument, "a value is not valid UTF-8");
  if (format == Format::quoted) return codec::toml::quote(value);
  if (std::ranges::any_of(value, is_control))
    return fail(ErrorCode::invalid_argument, "a value contains a line break or another control character");
  if (format == Format::environment) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (std::string_view("\"\\$`").contains(c)) quoted += '\\';
      quoted += c;
    }
    return quoted + '"';
  }
  if (value.ends_with('\\')) return fail(ErrorCode::invalid_argument, "a value ends with '\\'");
  return value;
}

}  // namespace

Result<std::string> fill(std::string_view name, const View& view, Format format) {
  const auto* const embedded = std::ranges::find(kTemplates, name, &Embedded::name);
  if (embedded == kTemplates.end()) return fail(ErrorCode::internal, "there is no template {}", name);
  // Parsing a template costs more than filling it, and each commit fills them all.
  static thread_local std::map<std::string_view, kainjow::mustache::mustache> parsed;
  auto found = parsed.find(embedded->name);
  if (found == parsed.end()) found = parsed.emplace(embedded->name, without_tag_lines(embedded->text)).first;
  kainjow::mustache::mustache& filler = found->second;
  Result<> refusal;
  filler.set_custom_escape([&](const std::string& value) {
    auto text = written(value, format);
    if (text) return *std::move(text);
    refusal = fail(std::move(text).error());
    return std::string();
  });
  std::string text = filler.render(view);
  filler.set_custom_escape([](const std::string& value) { return value; });  // the filler keeps nothing of this call
  if (!filler.is_valid()) return fail(ErrorCode::internal, "template {}: {}", name, filler.error_message());
  TRY(std::move(refusal));
  return text;
}

View list_of(const std::vector<std::string>& texts) {
  View list(View::type::list);
  for (const std::string& text : texts) list << View(text);
  return list;
}

}  // namespace bulkhead::render
