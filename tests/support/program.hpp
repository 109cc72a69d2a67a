// Runs the project's programs and stock tools as a user would, for the tests of built images.
#pragma once

#include <string>
#include <vector>

#include "lib/sys/child.hpp"

namespace bulkhead::testing {

// Paths handed in by ctest (tests/CMakeLists.txt), so that a test can also be started by hand with them set.
sys::Path image_directory(const std::string& variant);  // $BULKHEAD_IMAGES/<variant>
sys::Path key_directory();                              // $BULKHEAD_KEYS
sys::Path source_directory();                           // the checkout
sys::Path cache_directory();                            // $BULKHEAD_CACHE, or its default

// The command that os_builder() runs, for tests that want the process itself.
sys::Command os_builder_command(std::vector<std::string> arguments, std::vector<std::string> extra_environment = {});

// Runs os-builder with these arguments, BULKHEAD_KEYS, BULKHEAD_CACHE and `extra_environment`.
sys::Output os_builder(std::vector<std::string> arguments, std::vector<std::string> extra_environment = {});

// Runs a stock tool; the test fails when it cannot be started.
sys::Output tool(std::vector<std::string> arguments);

}  // namespace bulkhead::testing
