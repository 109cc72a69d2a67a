// SHA-1, which SPDX 2.3 demands beside any other digest of a file (clauses 7.9 and 8.4). Nothing is trusted because of
// it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::sbom {

// 40 lower-case hexadecimal digits.
std::string sha1_hex(std::span<const std::byte> bytes);

// Package verification code (SPDX 2.3, 7.9): SHA-1 over the sorted SHA-1 texts of all files.
std::string verification_code(std::vector<std::string> sha1_texts);

}  // namespace bulkhead::sbom
