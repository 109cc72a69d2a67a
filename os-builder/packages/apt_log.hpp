// Listens to libapt's downloads: progress goes on, failures are kept as errors of ours.
#pragma once

#include <apt-pkg/acquire.h>

#include <map>
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
  void Fail(pkgAcquire::ItemDesc& item) override;
  bool Pulse(pkgAcquire* owner) override;

  // By address as asked for, in the order in which they failed.
  const std::vector<std::pair<std::string, Error>>& failures() const { return failures_; }
  // A refused signature or digest weighs more than a missing answer, which is often only its consequence.
  std::optional<Error> worst_failure() const;

 private:
  const OnProgress& progress_;
  std::string current_;
  std::vector<std::pair<std::string, Error>> failures_;
};

}  // namespace bulkhead::packages
