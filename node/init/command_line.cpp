#include "node/init/command_line.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::init {
namespace {

constexpr std::chrono::seconds kDefaultDelay{10};
constexpr int kLongestWait = 3600;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// The next word, with double quotes kept; `rest` moves behind it.
std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
  bool quoted = false;
  std::size_t length = 0;
  for (; length < rest.size() && (quoted || !is_blank(rest[length])); ++length) {
    if (rest[length] == '"') quoted = !quoted;
  }
  const std::string_view word = rest.substr(0, length);
  rest.remove_prefix(length);
  return word;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

// The value of the last word "name=…".
std::optional<std::string_view> value_of(std::string_view text, std::string_view name) {
  std::optional<std::string_view> value;
  while (true) {
    const std::string_view word = next_word(text);
    if (word.empty()) return value;
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      value = unquoted(word.substr(name.size() + 1));
    }
  }
}

Result<bool> parse_switch(std::string_view text) {
  if (text == "1" || text == "y" || text == "Y") return true;
  if (text == "0" || text == "n" || text == "N") return false;
  return fail(ErrorCode::invalid_argument, "'{}' is neither 0 nor 1", text);
}

}  // namespace

Result<BootRequest> parse_command_line(std::string_view text) {
  const auto root_hash = value_of(text, "roothash");
  if (!root_hash) return fail(ErrorCode::invalid_argument, "the kernel command line has no roothash=");
  BootRequest request;
  request.root_hash = TRY_CTX(Sha256::parse(*root_hash), "roothash=");
  request.data.uuid = gpt::root_partition_uuid(request.root_hash);
  request.hash.uuid = gpt::verity_partition_uuid(request.root_hash);
  if (const auto value = value_of(text, "systemd.verity_root_data")) {
    request.data = TRY_CTX(PartitionName::parse(*value), "systemd.verity_root_data=");
  }
  if (const auto value = value_of(text, "systemd.verity_root_hash")) {
    request.hash = TRY_CTX(PartitionName::parse(*value), "systemd.verity_root_hash=");
  }
  if (const auto value = value_of(text, "dm_verity.require_signatures")) {
    request.signature_required = TRY_CTX(parse_switch(*value), "dm_verity.require_signatures=");
  }
  if (const auto value = value_of(text, "rootwait")) {
    const int seconds = TRY_CTX(parse_integer<int>(*value), "rootwait=");
    request.device_timeout = std::chrono::seconds(std::clamp(seconds, 1, kLongestWait));
  }
  return request;
}

std::chrono::seconds restart_delay(std::string_view command_line) {
  const auto text = value_of(command_line, "panic");
  if (!text) return kDefaultDelay;
  const auto seconds = parse_integer<int>(*text);
  if (!seconds || *seconds == 0) return kDefaultDelay;  // 0 would mean: stay there for ever
  return std::chrono::seconds(std::clamp(*seconds, 0, kLongestWait));
}

}  // namespace bulkhead::init
