#include "os-builder/keys/key_set.hpp"

#include <sys/stat.h>

#include <array>
#include <chrono>

#include "lib/crypto/private_key.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::keys {
namespace {

// Firmware, the kernel's keyring and every token take RSA-3072; OVMF and Linux 6.12 were tested with it.
constexpr unsigned kKeyBits = 3072;

// Certificates start before any SOURCE_DATE_EPOCH, because tools compare the signing time with the validity.
constexpr std::chrono::sys_days kNotBefore = std::chrono::year{2020} / std::chrono::January / 1;

struct NamedKey {
  std::string_view file;   // NAME of NAME.key, NAME.pem, NAME.uri
  std::string_view title;  // in the certificate's name
  KeyPair KeySet::* member;
};
constexpr std::array<NamedKey, 4> kNamedKeys = {{
    {"pk", "platform key", &KeySet::platform_key},
    {"kek", "key exchange key", &KeySet::key_exchange_key},
    {"db", "signature db", &KeySet::signature_db},
    {"root-hash", "root hash", &KeySet::root_hash},
}};

sys::Path file_of(const sys::Path& directory, const NamedKey& named, std::string_view suffix) {
  return directory / std::format("{}.{}", named.file, suffix);
}

// A private key in a checkout ends up in a repository sooner or later.
Result<> refuse_checkout(const sys::Path& directory) {
  std::error_code status;
  for (sys::Path at = std::filesystem::absolute(directory, status).lexically_normal(); at.has_relative_path();
       at = at.parent_path()) {
    if (sys::exists(at / ".git")) {
      return fail(
          error(ErrorCode::invalid_argument, "{} lies inside the git checkout {}", directory.native(), at.native())
              .with_hint("keep private keys outside of every checkout, for example in ~/.config/bulkhead/keys"));
    }
  }
  return {};
}

Result<> write_pair(const sys::Path& directory, const NamedKey& named, const std::string& owner,
                    std::chrono::sys_seconds not_after) {
  const crypto::PrivateKey key = TRY(crypto::PrivateKey::generate_rsa(kKeyBits));
  const crypto::Certificate certificate = TRY(crypto::self_sign(
      key,
      {.common_name = std::format("{} {}", owner, named.title), .not_before = kNotBefore, .not_after = not_after}));
  const crypto::SecretText key_pem = TRY(key.to_pem());
  const std::string certificate_pem = TRY(certificate.to_pem());
  TRY(sys::write_file_atomically(file_of(directory, named, "key"), key_pem.view(), 0600));
  return sys::write_file_atomically(file_of(directory, named, "pem"), certificate_pem, 0644);
}

KeySet at(const sys::Path& directory) {
  KeySet set;
  for (const NamedKey& named : kNamedKeys) {
    set.*named.member = {.certificate = file_of(directory, named, "pem"),
                         .key = file_of(directory, named, "key").native()};
  }
  return set;
}

Result<> check_private(const sys::Path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) < 0) return fail_errno("looking at {}", file.native());
  if ((info.st_mode & 077U) == 0) return {};
  return fail(error(ErrorCode::permission_denied, "private key {} has mode {:04o}, so other users can read it",
                    file.native(), info.st_mode & 07777U)
                  .with_hint(std::format("chmod 600 {}", file.native())));
}

std::unexpected<Error> no_keys(const sys::Path& directory, const sys::Path& missing) {
  return fail(
      error(ErrorCode::not_found, "there is no {} in key directory {}", missing.filename().native(), directory.native())
          .with_hint(
              "make a set of keys with 'os-builder keys generate', or name the directory that has one with --keys"));
}

Result<KeyPair> load_pair(const sys::Path& directory, const NamedKey& named) {
  static constexpr std::uint64_t kUriLimit = 4096;
  KeyPair pair{.certificate = file_of(directory, named, "pem"), .key = {}};
  if (!sys::exists(pair.certificate)) return no_keys(directory, pair.certificate);
  const sys::Path key = file_of(directory, named, "key");
  const sys::Path uri = file_of(directory, named, "uri");
  if (sys::exists(uri)) {
    TRY(check_private(uri));  // it may hold the PIN
    std::string text = TRY(sys::read_file(uri, kUriLimit));
    while (text.ends_with('\n')) text.pop_back();
    if (!crypto::is_pkcs11_uri(text)) {
      return fail(
          error(ErrorCode::invalid_argument, "{} does not contain a PKCS#11 URI", uri.native())
              .with_hint("write one line that begins with 'pkcs11:', or remove the file to use a key in a file"));
    }
    if (text.contains("pin-value=")) {
      return fail(
          error(ErrorCode::invalid_argument, "the PIN in {} would be visible in the process list", uri.native())
              .with_hint("write the PIN to a file of mode 600, and use pin-source=file:/PATH instead of pin-value"));
    }
    pair.key = std::move(text);
    return pair;
  }
  if (!sys::exists(key)) return no_keys(directory, key);
  TRY(check_private(key));
  pair.key = key.native();
  return pair;
}

constexpr std::string_view kUnfinished = ".bulkhead-keys.";

// Leftovers of a killed run are ignored.
Result<bool> holds_something(const sys::Path& directory) {
  const std::vector<sys::Path> entries = TRY(sys::list_directory(directory));
  for (const sys::Path& entry : entries) {
    if (!entry.filename().native().starts_with(kUnfinished)) return true;
  }
  return false;
}

}  // namespace

Result<Sha256> KeyPair::digest() const { return crypto::sha256_file(certificate); }

Result<KeySet> generate(const sys::Path& directory, const std::string& owner, int years) {
  static constexpr int kMostYears = 100;
  if (years < 1 || years > kMostYears)
    return fail(ErrorCode::invalid_argument, "certificates cannot be valid for {} years: choose 1 to {}", years,
                kMostYears);
  // The longest title must fit into the 64 characters of a common name.
  static constexpr std::size_t kOwnerLimit = 40;
  if (owner.empty() || owner.size() > kOwnerLimit) {
    return fail(ErrorCode::invalid_argument, "the owner's name has {} characters: choose one with 1 to {}",
                owner.size(), kOwnerLimit);
  }
  TRY(refuse_checkout(directory));
  const bool there = sys::exists(directory);
  bool in_use = false;
  if (there) in_use = TRY(holds_something(directory));
  if (in_use) {
    return fail(error(ErrorCode::already_exists, "{} is not empty, and keys are never overwritten", directory.native())
                    .with_hint("use another directory, or move the old keys away"));
  }
  const auto end = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) + std::chrono::years{years};
  // An existing directory may be a mount point, which cannot be replaced by a rename; its files can.
  const sys::Path parent = directory.has_parent_path() ? directory.parent_path() : sys::Path(".");
  sys::TempDir fresh = TRY(sys::TempDir::create(there ? directory : parent, std::string(kUnfinished)));
  for (const NamedKey& named : kNamedKeys) TRY(write_pair(fresh.path(), named, owner, end));
  if (there) {
    const std::vector<sys::Path> files = TRY(sys::list_directory(fresh.path()));
    for (const sys::Path& file : files) TRY(sys::rename(file, directory / file.filename()));
  } else {
    TRY(fresh.commit(directory));
    TRY(sys::fsync_directory(parent));
  }
  TRY(sys::fsync_directory(directory));
  return at(directory);
}

Result<KeySet> load(const sys::Path& directory) {
  KeySet set;
  for (const NamedKey& named : kNamedKeys) set.*named.member = TRY(load_pair(directory, named));
  return set;
}

}  // namespace bulkhead::keys
