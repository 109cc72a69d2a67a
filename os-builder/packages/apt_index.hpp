// PackageIndex over libapt's package cache. Lives inside an AptSession.
#pragma once

#include <memory>

#include "os-builder/packages/apt_session.hpp"
#include "os-builder/packages/index.hpp"
#include "os-builder/packages/suites.hpp"

namespace bulkhead::packages {

class AptIndex final : public PackageIndex {
 public:
  // Reads the lists in the cache directory, or libapt's binary form of them when that is up to date.
  static Result<AptIndex> open(AptSession& session, Suites suites);
  AptIndex(AptIndex&&) noexcept;
  AptIndex& operator=(AptIndex&&) = delete;
  ~AptIndex() override;

  const Candidate* find(std::string_view name) override;
  std::vector<std::string> providers(std::string_view name) override;
  std::vector<Offer> offers(std::string_view name) override;
  std::vector<std::string> names() override;

  // The archive's data about the candidate of a package; `reason` stays empty. data_loss when its entry lacks a
  // SHA-256.
  Result<Package> details(const std::string& name);
  // All versions of the package that are higher than `version`, of whatever suite; highest first, and of each version
  // the suite whose name sorts first. Errors as for details().
  Result<std::vector<Package>> newer(const std::string& name, const std::string& version);

 private:
  struct Cache;
  explicit AptIndex(std::unique_ptr<Cache> cache);
  std::unique_ptr<Cache> cache_;
};

}  // namespace bulkhead::packages
