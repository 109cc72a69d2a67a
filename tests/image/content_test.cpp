// What the shipped root image must and must not contain, read back with stock tools: fsck.erofs unpacks it, lstat
// looks.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <toml++/toml.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

struct File {
  std::string path;  // in the image, absolute
  struct stat info{};
};

struct Root {
  sys::TempDir scratch;
  std::vector<File> files;
};

Root unpack(const std::string& variant) {
  Root root{.scratch = sys::TempDir::create("/var/tmp", "root-").value(), .files = {}};
  const sys::Path tree = root.scratch.path() / "tree";
  const auto result = tool(
      {"fsck.erofs", "--extract=" + tree.native(), "--preserve", (image_directory(variant) / "root.erofs").native()});
  INFO(result.err);
  REQUIRE(result.exit_status == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
    File file{.path = "/" + entry.path().lexically_relative(tree).native()};
    REQUIRE(::lstat(entry.path().c_str(), &file.info) == 0);
    root.files.push_back(std::move(file));
  }
  REQUIRE(root.files.size() > 500);
  return root;
}

// Unpacked once per variant for the whole run.
const Root& root_of(const std::string& variant) {
  static std::map<std::string, Root> roots;
  auto found = roots.find(variant);
  if (found == roots.end()) found = roots.emplace(variant, unpack(variant)).first;
  return found->second;
}

std::string name_of(const std::string& path) { return sys::Path(path).filename().native(); }

std::vector<std::string> paths_where(const Root& root, const std::function<bool(const File&)>& wanted) {
  std::vector<std::string> found;
  for (const File& file : root.files) {
    if (wanted(file)) found.push_back(file.path);
  }
  return found;
}

bool in_path(const std::string& path) {
  static const std::set<std::string> kDirectories = {"/usr/bin",        "/usr/sbin", "/usr/local/bin",
                                                     "/usr/local/sbin", "/bin",      "/sbin"};
  return kDirectories.contains(sys::Path(path).parent_path().native());
}

}  // namespace

TEST_CASE("kvm and ec2 have no shell, no interpreter and no package manager") {
  const std::string variant = GENERATE("kvm", "ec2");
  static const std::set<std::string> kForbidden = {
      "sh",   "bash",  "dash", "zsh",   "ksh",  "ash", "busybox", "perl", "lua", "awk", "gawk", "mawk", "ruby",
      "node", "tclsh", "php",  "guile", "dpkg", "apt", "apt-get", "rpm",  "dnf", "apk", "pip",  "snap", "expect"};
  const auto found = paths_where(root_of(variant), [](const File& file) {
    const std::string name = name_of(file.path);
    const bool program = !S_ISDIR(file.info.st_mode) && (in_path(file.path) || (file.info.st_mode & 0111U) != 0);
    return program && (kForbidden.contains(name) || name.starts_with("python") || name.starts_with("lua5"));
  });
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("kvm and ec2 have no executable script") {
  const std::string variant = GENERATE("kvm", "ec2");
  const Root& root = root_of(variant);
  const auto found = paths_where(root, [&](const File& file) {
    if (!S_ISREG(file.info.st_mode) || (file.info.st_mode & 0111U) == 0) return false;
    const sys::UniqueFd fd = sys::open_file(sys::Path(root.scratch.path() / "tree" += file.path), 0).value();
    std::array<std::byte, 2> start{};
    return sys::read_exactly_at(fd.get(), start, 0) && start[0] == std::byte{'#'} && start[1] == std::byte{'!'};
  });
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("no file is setuid, setgid or writable by everybody") {
  const std::string variant = GENERATE("kvm", "ec2", "kvm-dev");
  CHECK(paths_where(root_of(variant), [](const File& file) {
          return !S_ISLNK(file.info.st_mode) && (file.info.st_mode & (S_ISUID | S_ISGID)) != 0;
        }) == std::vector<std::string>{});
  CHECK(paths_where(root_of(variant), [](const File& file) {
          return !S_ISLNK(file.info.st_mode) && (file.info.st_mode & S_IWOTH) != 0;
        }) == std::vector<std::string>{});
}

TEST_CASE("there are at most 30 executables in PATH, each with a reason in the variant's files") {
  const std::string variant = GENERATE("kvm", "ec2");
  std::set<std::string> reasons;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "variants")) {
    if (entry.path().extension() != ".toml") continue;
    const toml::table file = toml::parse_file(entry.path().native());
    if (const toml::table* executables = file["executables"].as_table()) {
      for (const auto& [name, reason] : *executables) {
        if (reason.is_string() && reason.as_string()->get().size() > 5) reasons.emplace(name.str());
      }
    }
  }
  std::set<ino_t> unique;
  std::vector<std::string> without_reason;
  for (const File& file : root_of(variant).files) {
    if (!in_path(file.path) || S_ISDIR(file.info.st_mode)) continue;
    if (!reasons.contains(name_of(file.path))) without_reason.push_back(file.path);
    if (S_ISREG(file.info.st_mode)) unique.insert(file.info.st_ino);
  }
  CHECK(without_reason == std::vector<std::string>{});
  CHECK(unique.size() <= 30);
  CHECK(unique.size() >= 5);
}

TEST_CASE("containerd, crun, runsc and qemu's microvm program are in") {
  const std::string variant = GENERATE("kvm", "ec2");
  for (const std::string name : {"containerd", "crun", "runsc", "qemu-system-x86_64-microvm"}) {
    const auto found = paths_where(root_of(variant), [&](const File& file) { return file.path == "/usr/bin/" + name; });
    INFO(name);
    CHECK(found.size() == 1);
  }
}

TEST_CASE("the kvm image keeps within its sizes") {
  const sys::Path directory = image_directory("kvm");
  CHECK(sys::file_size(directory / "root.erofs").value() <= 76ULL << 20U);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".efi") continue;
    CHECK(entry.file_size() <= 16ULL << 20U);
    const auto result = tool({"ukify", "--json=short", "inspect", entry.path().native()});
    REQUIRE(result.exit_status == 0);
    const auto size = nlohmann::json::parse(result.out).at(".initrd").at("size").get<std::uint64_t>();
    CHECK(size <= 2ULL << 20U);
    CHECK(size >= 100ULL << 10U);
  }
}

TEST_CASE("os-release names the product, the variant and the build") {
  const std::string variant = GENERATE("kvm", "ec2", "kvm-dev");
  const std::string text = sys::read_file(root_of(variant).scratch.path() / "tree/usr/lib/os-release").value();
  CHECK(text.contains("ID=bulkhead\n"));
  CHECK(text.contains("VARIANT_ID=" + variant + "\n"));
  for (const std::string key : {"VERSION_ID=", "BUILD_ID=", "IMAGE_ID=", "IMAGE_VERSION="}) {
    INFO(key);
    CHECK(text.contains("\n" + key));
  }
}

}  // namespace bulkhead::testing
