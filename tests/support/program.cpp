#include "tests/support/program.hpp"

#include <catch2/catch_test_macros.hpp>
#include <stdlib.h>

namespace bulkhead::testing {
namespace {

std::string required(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): tests are single-threaded
  INFO("environment variable " << name << " names what is tested; ctest sets it");
  REQUIRE(value != nullptr);
  return value;
}

sys::Output run_or_fail(const sys::Command& command) {
  auto output = sys::run(command);
  INFO((output ? std::string() : output.error().describe()));
  REQUIRE(output);
  return *std::move(output);
}

}  // namespace

sys::Path image_directory(const std::string& variant) { return sys::Path(required("BULKHEAD_IMAGES")) / variant; }
sys::Path key_directory() { return required("BULKHEAD_KEYS"); }
sys::Path source_directory() { return BULKHEAD_SOURCE_DIR; }

sys::Path cache_directory() {
  const char* value = ::getenv("BULKHEAD_CACHE");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr ? sys::Path(value) : sys::Path(required("HOME")) / ".cache/bulkhead";
}

sys::Command os_builder_command(std::vector<std::string> arguments, std::vector<std::string> extra_environment) {
  arguments.insert(arguments.begin(), BULKHEAD_OS_BUILDER);
  sys::Command command{.arguments = std::move(arguments),
                       .extra_environment = {"BULKHEAD_KEYS=" + key_directory().native(),
                                             "BULKHEAD_CACHE=" + cache_directory().native()}};
  command.extra_environment.insert(command.extra_environment.end(), extra_environment.begin(), extra_environment.end());
  command.directory = source_directory();
  return command;
}

sys::Output os_builder(std::vector<std::string> arguments, std::vector<std::string> extra_environment) {
  return run_or_fail(os_builder_command(std::move(arguments), std::move(extra_environment)));
}

sys::Output tool(std::vector<std::string> arguments) { return run_or_fail({.arguments = std::move(arguments)}); }

}  // namespace bulkhead::testing
