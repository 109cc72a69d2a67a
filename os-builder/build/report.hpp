// The report of a finished build for its user.
#pragma once

#include <string>

#include "os-builder/build/build.hpp"

namespace bulkhead::build {

std::string to_text(const BuildResult& result);
std::string to_json(const BuildResult& result);

}  // namespace bulkhead::build
