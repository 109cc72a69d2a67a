// An operator outside of a node: a CA, certificates made with the openssl command, and apiclient with a profile.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::testing {

// A TCP port that the kernel gives away now, and to nobody else for a while.
std::uint16_t free_port();

class Operator {
 public:
  // The node will be reached at 127.0.0.1:`port`.
  explicit Operator(std::uint16_t port);
  // One whose certificates make_certificates() has put into `certificates`, which stays as it is.
  Operator(std::uint16_t port, sys::Path certificates);

  // A CA, and certificates for a node and for an operator, valid for ten years: kept ones are used again later, by
  // nodes whose clock stands at the time when they were saved.
  static void make_certificates(const sys::Path& directory);

  // settings.api with this CA, a certificate for the node, and role admin for the operator.
  nlohmann::json api_settings() const;

  // Runs `apiclient -n node …`. The test fails when it cannot be started.
  sys::Output apiclient(std::vector<std::string> arguments) const;
  // The same; the test fails when it fails. Standard output.
  std::string must_apiclient(std::vector<std::string> arguments) const;
  // With --json, parsed.
  nlohmann::json json(std::vector<std::string> arguments) const;

 private:
  void add_profile(std::uint16_t port) const;
  std::string base64_of(const std::string& file) const;
  sys::Path file(const std::string& name) const { return certificates_ / name; }

  sys::TempDir directory_;  // apiclient's configuration, and certificates of our own
  sys::Path certificates_;
};

}  // namespace bulkhead::testing
