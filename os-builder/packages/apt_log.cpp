#include "os-builder/packages/apt_log.hpp"

#include <apt-pkg/acquire-item.h>
#include <apt-pkg/error.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

namespace bulkhead::packages {

namespace {

struct Kind {
  std::initializer_list<std::string_view>
      words;  // any of them in libapt's message (it is English: nobody sets a locale)
  ErrorCode code;
  std::string_view hint;
};

// In this order. libapt has no finer codes than "error", "authentication" and "transient", and uses them loosely: a bad
// signature is "transient" when an older list is in the cache.
const std::array kKinds = {
    Kind{{"is expired", "is not valid yet"},
         ErrorCode::verification_failed,
         "the mirror serves an old Release file, or this machine's clock is wrong: check the clock, or use another "
         "mirror"},
    Kind{{"Hash Sum mismatch", "unexpected size",
          "Undetermined Error"},  // the last one: a wrong digest in a copy: archive
         ErrorCode::verification_failed,
         "the mirror serves files that do not match its signed index: try again later, or use another mirror"},
    Kind{{"is not signed", "/sqv ", "/gpgv ", "signature", "Clearsigned"},
         ErrorCode::verification_failed,
         "the Release file is not signed by a key of the configured keyring; update the keyring "
         "(debian-archive-keyring), or do not "
         "trust this mirror"},
    Kind{{"404", "does not have a Release file", "No such file", "File not found"},
         ErrorCode::not_found,
         "the mirror does not have the file: check the mirror and the suites in the sources"},
    Kind{{"No space left on device"},
         ErrorCode::failed_precondition,
         "free some space in the cache directory, then run the command again"},
};
constexpr std::string_view kUnavailableHint =
    "check the network and the mirror, or build from the cache with --offline";

// libapt breaks long messages into lines.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

Error classify(std::string_view text) {
  const std::string line = one_line(text);
  const auto kind = std::ranges::find_if(kKinds, [&](const Kind& candidate) {
    return std::ranges::any_of(candidate.words, [&](std::string_view word) { return line.contains(word); });
  });
  if (kind == kKinds.end()) return error(ErrorCode::unavailable, "{}", line).with_hint(std::string(kUnavailableHint));
  return error(kind->code, "{}", line).with_hint(std::string(kind->hint));
}

// Most telling first.
int rank(ErrorCode code) {
  switch (code) {
    case ErrorCode::verification_failed: return 0;
    case ErrorCode::failed_precondition: return 1;
    case ErrorCode::not_found: return 2;
    default: return 3;
  }
}

}  // namespace

void AptLog::Fetch(pkgAcquire::ItemDesc& item) { current_ = item.ShortDesc; }

bool AptLog::Pulse(pkgAcquire* owner) {
  pkgAcquireStatus::Pulse(owner);
  if (progress_) progress_(std::clamp(Percent / 100.0, 0.0, 1.0), current_);
  return true;
}

std::optional<Error> failure_of(const pkgAcquire::Item& item) {
  if (item.Status == pkgAcquire::Item::StatDone && item.Complete) return std::nullopt;
  return classify(
      std::format("{}: {}", item.DescURI(), item.ErrorText.empty() ? "the download did not finish" : item.ErrorText));
}

std::optional<Error> worst_failure(pkgAcquire& fetcher) {
  std::vector<Error> failures;
  for (auto item = fetcher.ItemsBegin(); item != fetcher.ItemsEnd(); ++item) {
    // Idle and done, but not complete: an alternative took over, as Release does for a missing InRelease.
    const auto status = (*item)->Status;
    if (status == pkgAcquire::Item::StatDone || status == pkgAcquire::Item::StatIdle) continue;
    if (auto failure = failure_of(**item)) failures.push_back(*std::move(failure));
  }
  while (!_error->empty(GlobalError::DEBUG)) {
    std::string message;
    const bool serious = _error->PopMessage(message);  // false for warnings
    if (serious) failures.push_back(classify(message));
  }
  const auto worst = std::ranges::min_element(failures, {}, [](const Error& failure) { return rank(failure.code); });
  if (worst == failures.end()) return std::nullopt;
  return *worst;
}

}  // namespace bulkhead::packages
