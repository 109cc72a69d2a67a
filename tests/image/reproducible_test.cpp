// The same lock gives the same bytes: a second build in another checkout, compiled there, from another cache, by
// another user, at another time, under another umask, locale and time zone.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr const char* kOtherUser = "4242";

// Restores the umask: the test process is shared.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

void succeed(std::vector<std::string> arguments) {
  const auto result = tool(std::move(arguments));
  INFO(result.out << result.err);
  REQUIRE(result.exit_status == 0);
}

}  // namespace

TEST_CASE("two builds from the same lock are byte-identical") {
  const sys::Path first = image_directory("kvm");
  const sys::TempDir scratch = sys::TempDir::create("/var/tmp", "second-build-").value();
  const sys::Path checkout = scratch.path() / "elsewhere/bulkhead";
  const sys::Path second = scratch.path() / "images";
  const sys::Path cache = scratch.path() / "cache";
  REQUIRE(sys::create_directories(checkout));

  // Another checkout, with its own compilation of the programs for the image.
  for (const char* part : {"CMakeLists.txt", "CMakePresets.json", "cmake", "lib", "os-builder", "api-server", "tests",
                           "variants", "docs"}) {
    succeed({"cp", "-a", (source_directory() / part).native(), checkout.native()});
  }
  const sys::Path build = checkout / "build/release";
  succeed({"cmake", "-S", checkout.native(), "-B", build.native(), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"});
  succeed({"cmake", "--build", build.native(), "--target", "node-programs"});

  // Packages come from the first build's downloads; nothing else is taken over.
  REQUIRE(sys::create_directories(cache));
  succeed({"cp", "-a", (cache_directory() / "archive").native(), cache.native()});
  succeed({"cp", "-a", key_directory().native(), (scratch.path() / "keys").native()});
  succeed({"cp", os_builder_command({}).arguments[0], (build / "os-builder/os-builder").native()});
  succeed({"chown", "-R", std::string(kOtherUser) + ":" + kOtherUser, scratch.path().native()});

  {
    const Umask strange(0007);
    succeed({"setpriv",
             "--reuid",
             kOtherUser,
             "--regid",
             kOtherUser,
             "--clear-groups",
             "env",
             "HOME=" + scratch.path().native(),
             "LC_ALL=tr_TR.UTF-8",
             "TZ=Asia/Kathmandu",
             "faketime",
             "2031-05-05 05:05:05",
             (build / "os-builder/os-builder").native(),
             "build",
             "-v",
             "kvm",
             "--locked",
             (first / "packages.lock").native(),
             "--offline",
             "--source",
             checkout.native(),
             "--output",
             second.native(),
             "--cache",
             cache.native(),
             "--keys",
             (scratch.path() / "keys").native()});
  }

  const auto manifest = nlohmann::json::parse(sys::read_file(first / "manifest.json").value());
  for (const auto& file : manifest.at("files")) {
    const std::string name = file.at("name");
    INFO(name);
    CHECK(crypto::sha256_file(first / name).value() == crypto::sha256_file(second / name).value());
  }
  CHECK(sys::read_file(first / "manifest.json").value() == sys::read_file(second / "manifest.json").value());
}

}  // namespace bulkhead::testing
