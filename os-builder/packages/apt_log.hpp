// Listens to libapt's downloads, and turns its failures into our errors.
#pragma once

#include <apt-pkg/acquire.h>

#include <optional>
#include <string>

#include "os-builder/packages/package_set.hpp"

namespace bulkhead::packages {

class AptLog final : public pkgAcquireStatus {
 public:
  static constexpr int kPulse = 100000;  // microseconds between progress reports

  explicit AptLog(const OnProgress& progress) : progress_(progress) {}

  bool MediaChange(std::string, std::string) override { return false; }
  void Fetch(pkgAcquire::ItemDesc& item) override;
  bool Pulse(pkgAcquire* owner) override;

 private:
  const OnProgress& progress_;
  std::string current_;
};

// Why a download failed; nothing when it did not.
std::optional<Error> failure_of(const pkgAcquire::Item& item);

// The failure that matters most after a run: of the items, and of the errors on libapt's stack, which is empty
// afterwards. A refused signature or digest matters more than a missing answer, which is often only its consequence.
std::optional<Error> worst_failure(pkgAcquire& fetcher);

}  // namespace bulkhead::packages
