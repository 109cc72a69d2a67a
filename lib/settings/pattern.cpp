#include "lib/settings/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <map>
#include <memory>
#include <mutex>

namespace bulkhead::settings {
namespace {

// The longest text that a pattern is tried on has 4095 bytes; a good one takes a few steps for each of them, and less
// than 100 KiB of room for going back.
constexpr std::uint32_t kMostSteps = 100'000;
constexpr std::uint32_t kMostKibibytes = 256;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;
using Match = std::unique_ptr<pcre2_match_data, FreeMatch>;
using Context = std::unique_ptr<pcre2_match_context, FreeContext>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Code compiled(std::string_view pattern) {
  constexpr std::uint32_t kWhole = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NO_AUTO_CAPTURE;
  int problem = 0;
  std::size_t at = 0;
  // A pattern that is none gives no code, and with no code nothing matches: the examples of its setting fail their
  // test.
  return Code(pcre2_compile(bytes(pattern), pattern.size(), kWhole, &problem, &at, nullptr));
}

Context limits() {
  Context context(pcre2_match_context_create(nullptr));
  if (context) {
    pcre2_set_match_limit(context.get(), kMostSteps);
    pcre2_set_heap_limit(context.get(), kMostKibibytes);
  }
  return context;
}

// One at a time: what a match needs is kept for the next one.
struct Matcher {
  std::map<std::string_view, Code> codes{};
  Context context = limits();
  Match match{pcre2_match_data_create(1, nullptr)};
};

}  // namespace

bool matches(std::string_view text, std::string_view pattern) {
  static std::mutex mutex;
  static Matcher matcher;
  const std::scoped_lock lock(mutex);
  auto found = matcher.codes.find(pattern);
  if (found == matcher.codes.end()) found = matcher.codes.emplace(pattern, compiled(pattern)).first;
  return pcre2_match(found->second.get(), bytes(text), text.size(), 0, 0, matcher.match.get(), matcher.context.get()) >=
         0;
}

}  // namespace bulkhead::settings
