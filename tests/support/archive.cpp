#include "tests/support/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <memory>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"

namespace bulkhead::test {

namespace {

void ensure(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "tests/support/archive: %s\n", what.c_str());
  std::abort();
}

template <class T>
T must(Result<T> result) {
  ensure(result.has_value(), result ? "" : result.error().describe());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Member {
  std::string name;
  std::string content;
  mode_t mode = 0644;
};

// The members as one archive in memory; the format is chosen by `set_format`.
std::string pack(const std::vector<Member>& members, int (*set_format)(::archive*)) {
  const std::unique_ptr<::archive, decltype(&archive_write_free)> writer(archive_write_new(), &archive_write_free);
  std::string bytes;
  const auto append = [](::archive*, void* target, const void* data, size_t size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  set_format(writer.get());
  archive_write_set_bytes_per_block(writer.get(), 0);
  ensure(archive_write_open(writer.get(), &bytes, nullptr, append, nullptr) == ARCHIVE_OK, "opening an archive");
  for (const Member& member : members) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), &archive_entry_free);
    archive_entry_set_pathname(entry.get(), member.name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), member.mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(member.content.size()));
    archive_entry_set_mtime(entry.get(), 0, 0);
    ensure(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK, "writing " + member.name);
    archive_write_data(writer.get(), member.content.data(), member.content.size());
  }
  archive_write_close(writer.get());
  return bytes;
}

std::string control_of(const Deb& deb) {
  std::string text =
      std::format("Package: {}\nVersion: {}\nArchitecture: {}\n", deb.name, deb.version, deb.architecture);
  if (!deb.depends.empty()) text += std::format("Depends: {}\n", deb.depends);
  std::map<std::string, std::string> fields = {{"Maintainer", "Nobody <nobody@example.org>"},
                                               {"Description", "test package " + deb.name},
                                               {"Section", "misc"},
                                               {"Priority", "optional"},
                                               {"Installed-Size", "1"}};
  for (const auto& [name, value] : deb.fields) fields[name] = value;
  for (const auto& [name, value] : fields) text += std::format("{}: {}\n", name, value);
  return text;
}

// As Release files write it: "Tue, 14 Nov 2023 22:13:20 UTC".
std::string date_text(std::int64_t seconds) {
  return std::format("{:%a, %d %b %Y %H:%M:%S} UTC", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

void write(const sys::Path& path, const std::string& content) {
  must(sys::create_directories(path.parent_path()));
  must(sys::write_file_atomically(path, content));
}

}  // namespace

std::string Deb::pool_path() const {
  return std::format("pool/main/{}/{}/{}_{}_{}.deb", name[0], name, name, version.substr(version.find(':') + 1),
                     architecture);
}

std::string make_deb(const Deb& deb) {
  std::vector<Member> files;
  for (const auto& [path, content] : deb.files)
    files.push_back({"./" + path, content, path.contains("bin/") ? mode_t{0755} : mode_t{0644}});
  const std::string control = pack({{"./control", control_of(deb)}}, archive_write_set_format_ustar);
  const std::string data = pack(files, archive_write_set_format_ustar);
  return pack({{"debian-binary", "2.0\n"}, {"control.tar", control}, {"data.tar", data}},
              archive_write_set_format_ar_bsd);
}

const SigningKey& SigningKey::archive() {
  static const SigningKey key("Test archive <archive@example.org>");
  return key;
}

const SigningKey& SigningKey::stranger() {
  static const SigningKey key("Somebody else <stranger@example.org>");
  return key;
}

// The path is short because gpg-agent's socket lies in it.
SigningKey::SigningKey(const std::string& owner)
    : home_(must(sys::TempDir::create("/tmp", "gpg-"))), public_key_(home_.path() / "public.asc") {
  const std::string environment = "GNUPGHOME=" + home_.path().native();
  must(sys::run_checked({.arguments = {"gpg", "--batch", "--quiet", "--passphrase", "", "--faked-system-time",
                                       "1600000000", "--quick-gen-key", owner, "ed25519", "sign", "never"},
                         .extra_environment = {environment}}));
  const std::string armored = must(
      sys::run_checked({.arguments = {"gpg", "--batch", "--armor", "--export"}, .extra_environment = {environment}}));
  write(public_key_, armored);
}

SigningKey::~SigningKey() {
  (void)sys::run(
      {.arguments = {"gpgconf", "--kill", "all"}, .extra_environment = {"GNUPGHOME=" + home_.path().native()}});
}

std::string SigningKey::clear_sign(const std::string& text) const {
  return must(sys::run_checked({.arguments = {"gpg", "--batch", "--quiet", "--clear-sign"},
                                .extra_environment = {"GNUPGHOME=" + home_.path().native()},
                                .input = text}));
}

Archive::Archive() : dir_(must(sys::TempDir::create("/tmp", "archive-"))), address_("copy:" + root().native()) {
  write(sources_dir() / "keyring.asc", must(sys::read_file(SigningKey::archive().public_key())));
  must(sys::create_directories(root()));
}

void Archive::add(const Deb& deb, const std::string& suite) {
  const std::string bytes = make_deb(deb);
  write(file_of(deb), bytes);
  lists_[suite] += std::format("{}Filename: {}\nSize: {}\nSHA256: {}\n\n", control_of(deb), deb.pool_path(),
                               bytes.size(), crypto::sha256(bytes).to_string());
}

void Archive::clear(const std::string& suite) { lists_[suite].clear(); }

void Archive::publish(const Release& release) {
  const std::string& list = lists_[release.suite];
  write(packages_file(release.suite), list);
  std::string text = std::format("Origin: Test\nLabel: Test\nSuite: {0}\nCodename: {0}\nDate: {1}\n", release.suite,
                                 date_text(release.date));
  if (release.valid_until) text += std::format("Valid-Until: {}\n", date_text(*release.valid_until));
  text += std::format(
      "Architectures: amd64 all\nNo-Support-for-Architecture-all: Packages\nComponents: main\nSHA256:\n {} {} "
      "main/binary-amd64/Packages\n",
      crypto::sha256(list).to_string(), list.size());
  const sys::Path dist = root() / "dists" / release.suite;
  must(sys::remove_all(dist / "InRelease"));
  if (release.key != nullptr) {
    write(dist / "InRelease", release.key->clear_sign(text));
  } else {
    write(dist / "Release", text);
  }
  set_address(address_);
}

void Archive::set_address(const std::string& address) {
  address_ = address;
  std::string text;
  for (const auto& [suite, list] : lists_) {
    text += std::format("deb [signed-by={}] {} {} main\n", (sources_dir() / "keyring.asc").native(), address_, suite);
  }
  write_sources(text);
}

void Archive::write_sources(const std::string& text) { write(sources_dir() / "sources.list", text); }

sys::Path Archive::packages_file(const std::string& suite) const {
  return root() / "dists" / suite / "main/binary-amd64/Packages";
}

}  // namespace bulkhead::test
