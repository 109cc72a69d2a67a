#include "api-client/arguments.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace bulkhead::client {
namespace {

constexpr std::array<std::string_view, 6> kWithValue = {"-s",     "--socket-path", "-n",
                                                        "--node", "--log-level",   "--color"};
constexpr std::array<std::string_view, 7> kOfRaw = {"-u", "--uri", "-m", "-X", "--method", "-d", "--data"};

bool is_one_of(std::span<const std::string_view> names, std::string_view word) {
  return std::ranges::find(names, word.substr(0, word.find('='))) != names.end();
}

}  // namespace

std::vector<std::string> with_default_verb(std::span<const char* const> words) {
  std::vector<std::string> result(words.begin(), words.end());
  for (std::size_t at = 1; at < result.size() && result[at].starts_with('-'); ++at) {
    if (is_one_of(kOfRaw, result[at])) {
      result.insert(result.begin() + static_cast<std::ptrdiff_t>(at), "raw");
      break;
    }
    if (is_one_of(kWithValue, result[at]) && !result[at].contains('=')) ++at;
  }
  return result;
}

}  // namespace bulkhead::client
