// Checks of an option's value that say what is allowed, in our words: CLI11's own checks name its types.
#pragma once

#include <CLI/Validators.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace bulkhead::cli {

// Help and completion list the values.
CLI::Validator one_of(std::vector<std::string> values);
CLI::Validator whole_number(std::uint32_t smallest, std::uint32_t largest = std::numeric_limits<std::uint32_t>::max());

}  // namespace bulkhead::cli
