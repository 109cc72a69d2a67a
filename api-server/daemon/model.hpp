// The version of the settings model that this server is for, and the steps that lead to it from older ones and back.
//
// In a library of its own (model.cpp), so that a test can build a server of the next version.
#pragma once

#include <span>

#include "api-server/migrate/migrate.hpp"

namespace bulkhead::daemon {

struct Model {
  int version = 0;
  std::span<const migrate::Step> steps;
};

Model settings_model();

}  // namespace bulkhead::daemon
