// The content of an image, read back from its bytes alone. Nothing is verified: verify.hpp does that.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/gpt/slot_layout.hpp"
#include "lib/gpt/table.hpp"
#include "os-builder/erofs/read.hpp"
#include "os-builder/inspect/image_file.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::inspect {

// As a signature names it.
struct Signer {
  std::string subject;
  Sha256 fingerprint;  // of the certificate

  bool operator==(const Signer&) const = default;
};

struct EfiSection {
  std::string name;
  std::uint64_t size = 0;  // of the content
  Sha256 sha256;

  bool operator==(const EfiSection&) const = default;
};

// A unified kernel image, by itself or on the ESP.
struct UnifiedKernel {
  std::vector<EfiSection> sections;
  std::string command_line;
  std::string os_release;
  std::string kernel_release;
  std::optional<Sha256> root_hash;  // roothash= of the command line
};

// A file of the ESP; `finding` says why an EFI program could not be read.
struct EspFile {
  std::string path;
  std::uint64_t size = 0;
  Sha256 sha256;
  std::optional<Signer> signer;
  std::optional<UnifiedKernel> kernel;
  std::string finding;
};

struct InspectedSlot {
  gpt::Slot slot = gpt::Slot::a;
  bool empty = true;
  std::optional<Version> version;     // from the label
  std::optional<Sha256> root_hash;    // as the signature partition tells it
  std::optional<Sha256> certificate;  // fingerprint of the one that signed the root hash
  std::uint64_t data_size = 0;        // bytes that the hash tree covers
  std::string salt;                   // of the hash tree, hexadecimal
  std::string finding;
};

// A root file system. `packages` is what its own packages.lock says.
struct Root {
  std::uint64_t image_size = 0;
  erofs::RootImage image;
  packages::PackageSet packages;

  const rootfs::Tree& tree() const { return image.tree; }
};

struct Inspection {
  std::string path;
  std::string format;  // of the file: "raw", "qcow2", "zstd"
  ImageKind kind = ImageKind::disk;
  std::uint64_t size = 0;  // bytes, uncompressed
  std::optional<gpt::TableReading> table;
  std::vector<EspFile> esp;          // sorted by path; of an EFI program only itself
  std::vector<InspectedSlot> slots;  // A, B
  std::optional<Root> root;          // of the first slot that is not empty
};

// Where the packages of an image are listed in it.
inline constexpr std::string_view kLockPath = "/usr/share/bulkhead/packages.lock";

// Errors: data_loss when nothing can be read; what is wrong with one part is its finding.
Result<Inspection> inspect(const sys::Path& image);

// The parts, for verify.
Result<Root> read_root(const sys::Path& erofs_image);
// Reads one file of an ESP, or an EFI program of its own.
EspFile read_esp_file(const std::string& path, std::span<const std::byte> content);

// SELinux context -> how many files carry it; empty when no file has one.
std::map<std::string, std::size_t> label_counts(const rootfs::Tree& tree);

// `color`: bold headings.
std::string to_text(const Inspection& inspection, bool color);
std::string to_json(const Inspection& inspection);

}  // namespace bulkhead::inspect
