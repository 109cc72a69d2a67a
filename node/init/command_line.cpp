#include "node/init/command_line.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "lib/base/text.hpp"

namespace bulkhead::init {
namespace {

constexpr std::chrono::seconds kDefaultDelay{10};
constexpr int kLongestWait = 3600;
constexpr std::size_t kLongestQuote = 128;

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

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) words.push_back(word);
  return words;
}

std::string_view name_of(std::string_view word) { return word.substr(0, word.find('=')); }

// The value of the word "name=…". Errors: invalid_argument when there are two.
Result<std::optional<std::string_view>> value_of(std::string_view text, std::string_view name) {
  std::optional<std::string_view> value;
  for (const std::string_view word : words_of(text)) {
    if (name_of(word) != name || word.size() == name.size()) continue;
    if (value) return fail(ErrorCode::invalid_argument, "{}= is there twice", name);
    value = unquoted(word.substr(name.size() + 1));
  }
  return value;
}

// What helps to find a fault and changes nothing else.
struct Harmless {
  std::string_view name;
  std::array<std::string_view, 5> values;  // unused ones are empty, which no value is
};
constexpr std::array kHarmless = {
    Harmless{"systemd.log_level", {"debug", "info", "notice", "warning", "err"}},
    Harmless{"systemd.show_status", {"yes", "no", "auto", "error"}},
};

bool is_harmless(std::string_view word) {
  return std::ranges::any_of(kHarmless, [&](const Harmless& harmless) {
    return name_of(word) == harmless.name && word.size() > harmless.name.size() + 1 &&
           std::ranges::contains(harmless.values, word.substr(harmless.name.size() + 1));
  });
}

Result<bool> parse_switch(std::string_view text) {
  if (text == "1" || text == "y" || text == "Y") return true;
  if (text == "0" || text == "n" || text == "N") return false;
  return fail(ErrorCode::invalid_argument, "'{}' is neither 0 nor 1", text);
}

}  // namespace

Result<BootRequest> parse_command_line(std::string_view text) {
  const auto root_hash = TRY(value_of(text, "roothash"));
  if (!root_hash) return fail(ErrorCode::invalid_argument, "the kernel command line has no roothash=");
  BootRequest request;
  request.root_hash = TRY_CTX(Sha256::parse(*root_hash), "roothash=");
  request.data.uuid = gpt::root_partition_uuid(request.root_hash);
  request.hash.uuid = gpt::verity_partition_uuid(request.root_hash);
  const auto data = TRY(value_of(text, "systemd.verity_root_data"));
  if (data) request.data = TRY_CTX(PartitionName::parse(*data), "systemd.verity_root_data=");
  const auto hash = TRY(value_of(text, "systemd.verity_root_hash"));
  if (hash) request.hash = TRY_CTX(PartitionName::parse(*hash), "systemd.verity_root_hash=");
  const auto required = TRY(value_of(text, "dm_verity.require_signatures"));
  if (required) request.signature_required = TRY_CTX(parse_switch(*required), "dm_verity.require_signatures=");
  const auto wait = TRY(value_of(text, "rootwait"));
  if (wait) {
    const int seconds = TRY_CTX(parse_integer<int>(*wait), "rootwait=");
    request.device_timeout = std::chrono::seconds(std::clamp(seconds, 1, kLongestWait));
  }
  return request;
}

Result<> check_command_line(std::string_view kernel, std::string_view signed_line) {
  const std::vector<std::string_view> given = words_of(kernel);
  const std::vector<std::string_view> ours = words_of(signed_line);
  const auto refuse = [](std::string_view word) {
    return fail(
        error(ErrorCode::permission_denied, "'{}' on the kernel command line is not part of the signed image",
              word.substr(0, kLongestQuote))
            .with_hint("take it out of the SMBIOS strings of the machine (io.systemd.stub.kernel-cmdline-extra) "
                       "and of the add-ons on the ESP"));
  };
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (i >= given.size())
      return fail(ErrorCode::permission_denied, "'{}' is missing on the kernel command line", ours[i]);
    if (given[i] != ours[i]) return refuse(given[i]);
  }
  const auto added = std::span(given).subspan(ours.size());
  for (std::size_t i = 0; i < added.size(); ++i) {
    const auto same_name = [&](std::string_view other) { return name_of(other) == name_of(added[i]); };
    const bool twice = std::ranges::any_of(ours, same_name) || std::ranges::any_of(added.first(i), same_name);
    if (twice || !is_harmless(added[i])) return refuse(added[i]);
  }
  return {};
}

std::string module_parameters(std::string_view command_line, std::string_view module) {
  // "dm-verity" and "dm_verity" are the same module.
  const auto same = [](char a, char b) { return (a == '-' ? '_' : a) == (b == '-' ? '_' : b); };
  std::string parameters;
  for (const std::string_view word : words_of(command_line)) {
    if (word.size() <= module.size() + 1 || word[module.size()] != '.') continue;
    if (!std::ranges::equal(word.substr(0, module.size()), module, same)) continue;
    parameters += (parameters.empty() ? "" : " ") + std::string(word.substr(module.size() + 1));
  }
  return parameters;
}

std::chrono::seconds restart_delay(std::string_view command_line) {
  const auto text = value_of(command_line, "panic");
  const auto seconds = parse_integer<int>(text.value_or(std::nullopt).value_or(""));
  if (!seconds || *seconds == 0) return kDefaultDelay;  // 0 would mean: stay there for ever
  return std::chrono::seconds(std::clamp(*seconds, 0, kLongestWait));
}

}  // namespace bulkhead::init
