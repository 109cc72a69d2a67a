#include "lib/user_data/documents.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::user_data;
using bulkhead::testing::must;

namespace {

sys::TempDir scratch() {
  return sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
}

mode_t mode_of(const sys::Path& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

Document document(std::string source, std::string content) {
  return {.source = std::move(source), .content = std::move(content)};
}

std::vector<std::string> sources(const std::vector<Document>& documents) {
  std::vector<std::string> names;
  for (const Document& each : documents) names.push_back(each.source);
  return names;
}

}  // namespace

TEST_CASE("documents of a boot are kept in order and only for root") {
  const auto directory = scratch();
  const sys::Path path = directory.path() / "user-data";
  CHECK(must(load(path)).documents.empty());
  must(make_directory(path));
  CHECK(mode_of(path) == 0700);
  must(store(path, document("local", "c")));
  must(store(path, document("cidata", "a")));
  must(store(path, Unreadable{.source = "fw-cfg", .reason = "two\nlines"}));
  CHECK(mode_of(path / "10-cidata") == 0600);
  const Collected collected = must(load(path));
  CHECK(sources(collected.documents) == std::vector<std::string>{"cidata", "local"});
  REQUIRE(collected.unreadable.size() == 1);
  CHECK(collected.unreadable[0].source == "fw-cfg");
  CHECK(collected.unreadable[0].reason == "two lines");
}

TEST_CASE("a document of a disk has the disk's identity beside it, and never another one's") {
  const auto directory = scratch();
  const auto identity = [&] { return must(load(directory.path())).documents.at(0).disk; };
  must(store(directory.path(), Document{.source = "cidata", .content = "x", .disk = "vfat 1234-ABCD\nserial"}));
  CHECK(mode_of(directory.path() / "10-cidata.disk") == 0600);
  CHECK(identity() == "vfat 1234-ABCD serial");
  must(store(directory.path(), document("cidata", "y")));
  CHECK(identity().empty());
  must(store(directory.path(), Document{.source = "cidata", .content = "x", .disk = "a"}));
  must(store(directory.path(), Unreadable{.source = "cidata", .reason = "two disks"}));
  CHECK_FALSE(sys::exists(directory.path() / "10-cidata.disk"));
  must(store(directory.path(), Document{.source = "cidata", .content = "x", .disk = "a"}));
  must(forget(directory.path(), "cidata"));
  CHECK_FALSE(sys::exists(directory.path() / "10-cidata.disk"));
  // Whoever may write documents of the metadata service says nothing about disks.
  must(store(directory.path(), document("imds", "x")));
  must(sys::write_file_atomically(directory.path() / "50-imds.disk", "a\n"));
  CHECK(identity().empty());
  must(forget(directory.path(), "imds"));
  must(store(directory.path(), document("cidata", "x")));
  must(sys::write_file_atomically(directory.path() / "10-cidata.disk", "\xff\n"));
  CHECK(identity().empty());
}

TEST_CASE("a source counts only from where it is looked for, and a link counts nowhere") {
  const auto directory = scratch();
  must(store(directory.path(), document("imds", "x")));
  must(store(directory.path(), document("cidata", "y")));
  constexpr std::string_view kOnly = "imds";
  CHECK(sources(must(load(directory.path(), std::span(&kOnly, 1))).documents) == std::vector<std::string>{"imds"});

  const sys::Path secret = directory.path() / "secret";
  must(sys::write_file_atomically(secret, "[settings]\n"));
  must(forget(directory.path(), "imds"));
  REQUIRE(::symlink(secret.c_str(), (directory.path() / "50-imds").c_str()) == 0);
  const Collected collected = must(load(directory.path(), std::span(&kOnly, 1)));
  CHECK(collected.documents.empty());
  REQUIRE(collected.unreadable.size() == 1);
  CHECK_FALSE(collected.unreadable[0].reason.contains("settings]"));

  // Nor does it keep the others from counting.
  REQUIRE(::symlink(secret.c_str(), (directory.path() / "50-imds.error").c_str()) == 0);
  constexpr std::array<std::string_view, 2> kBoth = {"imds", "cidata"};
  CHECK(sources(must(load(directory.path(), kBoth)).documents) == std::vector<std::string>{"cidata"});
}

TEST_CASE("what is said about a source replaces what was said before") {
  const auto directory = scratch();
  must(store(directory.path(), Unreadable{.source = "imds", .reason = "no answer"}));
  must(store(directory.path(), document("imds", "x")));
  CHECK(must(load(directory.path())).unreadable.empty());
  must(store(directory.path(), Unreadable{.source = "imds", .reason = "no answer"}));
  CHECK(must(load(directory.path())).documents.empty());
  must(forget(directory.path(), "imds"));
  CHECK(must(load(directory.path())).unreadable.empty());
}
