#include "os-builder/packages/apt_log.hpp"

#include <apt-pkg/acquire-item.h>

#include <algorithm>

namespace bulkhead::packages {

namespace {

Error classify(const pkgAcquire::Item& item, const std::string& uri) {
  std::string text = item.ErrorText.substr(0, item.ErrorText.find('\n'));
  if (text.empty()) text = "the download failed";
  const auto says = [&](std::string_view words) { return item.ErrorText.contains(words); };
  const auto with = [&](ErrorCode code, std::string_view hint) {
    return error(code, "{}: {}", uri, text).with_hint(std::string(hint));
  };
  if (says("is expired") || says("is not valid yet")) {
    return with(ErrorCode::verification_failed,
                "the mirror serves an old Release file, or this machine's clock is wrong; try again later or use "
                "another mirror");
  }
  if (item.Status == pkgAcquire::Item::StatAuthError || says("is not signed")) {
    return with(ErrorCode::verification_failed,
                "the Release file is not signed by a key of the configured keyring; update the keyring "
                "(debian-archive-keyring), "
                "or do not trust this mirror");
  }
  if (says("Hash Sum mismatch") || says("unexpected size") || says("does not match")) {
    return with(ErrorCode::verification_failed,
                "the mirror serves other bytes than it signed; try again later or use another mirror");
  }
  if (says("404") || says("does not have a Release file") || says("No such file")) {
    return with(ErrorCode::not_found,
                "the mirror does not have the file; check the mirror and the suite in the sources");
  }
  return with(ErrorCode::unavailable, "check the network and the mirror, or build from the cache with --offline");
}

}  // namespace

void AptLog::Fetch(pkgAcquire::ItemDesc& item) { current_ = item.ShortDesc; }

void AptLog::Fail(pkgAcquire::ItemDesc& item) {
  // libapt tries an alternative: Release after InRelease, another compression, another address.
  if (item.Owner->Status == pkgAcquire::Item::StatIdle || item.Owner->Status == pkgAcquire::Item::StatDone) return;
  failures_.emplace_back(item.URI, classify(*item.Owner, item.URI));
}

bool AptLog::Pulse(pkgAcquire* owner) {
  pkgAcquireStatus::Pulse(owner);
  if (progress_) progress_(std::clamp(Percent / 100.0, 0.0, 1.0), current_);
  return true;
}

std::optional<Error> AptLog::worst_failure() const {
  if (failures_.empty()) return std::nullopt;
  const auto refused = std::ranges::find(failures_, ErrorCode::verification_failed,
                                         [](const auto& failure) { return failure.second.code; });
  return refused != failures_.end() ? refused->second : failures_.front().second;
}

}  // namespace bulkhead::packages
