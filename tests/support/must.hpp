// The value of a Result in a test: an error ends the test case and is shown.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "lib/base/result.hpp"

namespace bulkhead::testing {

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().describe());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace bulkhead::testing
