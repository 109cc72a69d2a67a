// A Debian archive made on the spot: packages, indexes and a signed Release file in a temporary directory, together
// with the apt configuration directory that names it. For tests only: a broken precondition ends the program with a
// message.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/sys/temp_dir.hpp"

namespace bulkhead::test {

struct Deb {
  std::string name;
  std::string version = "1.0";
  std::string architecture = "all";
  std::string depends{};                        // as in debian/control
  std::map<std::string, std::string> fields{};  // further control fields
  std::map<std::string, std::string> files{};   // "usr/bin/x" -> content

  std::string pool_path() const;  // "pool/main/x/x_1.0_all.deb"
};

// The bytes of the package: the same for the same value.
std::string make_deb(const Deb& deb);

// A throw-away OpenPGP key of this process (gpg).
class SigningKey {
 public:
  static const SigningKey& archive();  // what sources_dir() trusts
  static const SigningKey& stranger();

  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  const sys::Path& public_key() const { return public_key_; }
  std::string clear_sign(const std::string& text) const;

 private:
  explicit SigningKey(const std::string& owner);

  sys::TempDir home_;
  sys::Path public_key_;
};

class Archive {
 public:
  struct Release {
    std::string suite = "trixie";
    std::int64_t date = 1'700'000'000;
    std::optional<std::int64_t> valid_until{};
    const SigningKey* key = &SigningKey::archive();  // nullptr: not signed
  };

  Archive();

  // Puts the package into the pool and into the suite's list. publish() makes it visible.
  void add(const Deb& deb, const std::string& suite = "trixie");
  // Takes everything out of the suite's list; the pool keeps it.
  void clear(const std::string& suite = "trixie");
  void publish() { publish(Release{}); }
  void publish(const Release& release);

  // Where sources.list says the archive is; by default copy:<root>. One line per published suite.
  void set_address(const std::string& address);
  // The whole sources.list, for what set_address() cannot say.
  void write_sources(const std::string& text);

  sys::Path root() const { return dir_.path() / "archive"; }
  sys::Path sources_dir() const { return dir_.path() / "etc-apt"; }
  sys::Path packages_file(const std::string& suite = "trixie") const;
  sys::Path file_of(const Deb& deb) const { return root() / deb.pool_path(); }

 private:
  sys::TempDir dir_;
  std::string address_;
  std::map<std::string, std::string> lists_;  // suite -> text of its Packages file
};

}  // namespace bulkhead::test
