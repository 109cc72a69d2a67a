// An operator outside of a node: a CA, certificates made with the openssl command, and apiclient with a profile.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::testing {

class Operator {
 public:
  // The node will be reached at 127.0.0.1:`port`.
  explicit Operator(std::uint16_t port);

  // settings.api with this CA, a certificate for the node, and role admin for the operator.
  nlohmann::json api_settings() const;

  // Runs `apiclient -n node …`. The test fails when it cannot be started.
  sys::Output apiclient(std::vector<std::string> arguments) const;
  // The same; the test fails when it fails. Standard output.
  std::string must_apiclient(std::vector<std::string> arguments) const;
  // With --json, parsed.
  nlohmann::json json(std::vector<std::string> arguments) const;

 private:
  void make_certificate(const std::string& name, const std::string& common_name, const std::string& extensions) const;
  std::string base64_of(const std::string& file) const;
  sys::Path file(const std::string& name) const { return directory_.path() / name; }

  sys::TempDir directory_;
};

}  // namespace bulkhead::testing
