// What a Go program says about itself: the release of Go and the modules that it was made from. Format: package
// debug/buildinfo of Go 1.18 and later.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::sbom {

struct GoModule {
  std::string path;     // "golang.org/x/sys"
  std::string version;  // "v0.22.0"; empty or "(devel)" for a module that was built in place

  auto operator<=>(const GoModule&) const = default;
};

struct GoBuild {
  std::string go_version;  // "go1.24.4"
  // The main module and its dependencies, with replacements in place; sorted. Empty for a program that was built
  // without modules, as Debian builds.
  std::vector<GoModule> modules;

  bool operator==(const GoBuild&) const = default;
};

// Any bytes: nothing for a file that is no 64-bit little-endian ELF file with a section .go.buildinfo. Errors:
// data_loss for a section that is damaged; invalid_argument for the format of Go before 1.18, which holds pointers.
// Limits: 1000 sections, texts of 1 MiB, 10000 modules.
Result<std::optional<GoBuild>> read_go_build(std::span<const std::byte> program);

}  // namespace bulkhead::sbom
