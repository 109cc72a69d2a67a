// The same lock gives the same bytes: a second build in another checkout, compiled there, from another cache, by
// another user, at another time, under another umask, locale and time zone.
//
// The other checkout always has the same place and a compiler cache of its own, which no other build writes to: what
// has not changed since the last time was compiled there as well, and need not be once more.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
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

// Made anew, by us and not by another user of /var/tmp, and removed with everything in it.
class EmptyDirectory {
 public:
  explicit EmptyDirectory(sys::Path path) : path_(std::move(path)) {
    REQUIRE(sys::remove_all(path_));
    REQUIRE(std::filesystem::create_directory(path_));
  }
  EmptyDirectory(const EmptyDirectory&) = delete;
  EmptyDirectory& operator=(const EmptyDirectory&) = delete;
  ~EmptyDirectory() { static_cast<void>(sys::remove_all(path_)); }

 private:
  sys::Path path_;
};

void succeed(std::vector<std::string> arguments) {
  const auto result = tool(std::move(arguments));
  INFO(result.out << result.err);
  REQUIRE(result.exit_status == 0);
}

}  // namespace

TEST_CASE("two builds from the same lock are byte-identical") {
  const sys::Path first = image_directory("kvm");
  const sys::Path place = "/var/tmp/bulkhead-second-build";
  const sys::FileLock alone = sys::FileLock::acquire(place.native() + ".lock").value();
  const EmptyDirectory scratch(place);
  const sys::Path checkout = place / "elsewhere/bulkhead";
  const sys::Path second = place / "images";
  const sys::Path cache = place / "cache";
  REQUIRE(sys::create_directories(checkout));

  // Another checkout, with its own compilation of the programs for the image.
  for (const char* part : {"CMakeLists.txt", "CMakePresets.json", "cmake", "lib", "os-builder", "node", "api-server",
                           "api-client", "variants", "tools"}) {
    succeed({"cp", "-a", (source_directory() / part).native(), checkout.native()});
  }
  const sys::Path build = checkout / "build/release";
  const sys::Path compiler_cache = cache_directory() / "ccache-second-build";
  succeed({"cmake", "-S", checkout.native(), "--preset", "release", "-DBULKHEAD_TESTS=OFF",
           std::format("-DCMAKE_CXX_COMPILER_LAUNCHER=env;CCACHE_DIR={};CCACHE_MAXSIZE=1G;ccache",
                       compiler_cache.native())});
  // No more than this: other tests boot machines meanwhile.
  succeed({"cmake", "--build", build.native(), "--target", "node-programs", "--parallel", "2"});

  // Packages come from the first build's downloads; nothing else is taken over.
  REQUIRE(sys::create_directories(cache));
  succeed({"cp", "-a", (cache_directory() / "archive").native(), cache.native()});
  succeed({"cp", "-a", key_directory().native(), (place / "keys").native()});
  // Copied: a checkout below a private home directory is closed to the other user.
  const sys::Path lock = place / "packages.lock";
  succeed({"cp", (first / "packages.lock").native(), lock.native()});
  succeed({"cp", os_builder_command({}).arguments[0], (build / "os-builder/os-builder").native()});
  succeed({"chown", "-R", std::string(kOtherUser) + ":" + kOtherUser, place.native()});

  {
    const Umask strange(0007);
    succeed({"setpriv",
             "--reuid",
             kOtherUser,
             "--regid",
             kOtherUser,
             "--clear-groups",
             "env",
             "HOME=" + place.native(),
             "LC_ALL=tr_TR.UTF-8",
             "TZ=Asia/Kathmandu",
             "faketime",
             "2031-05-05 05:05:05",
             (build / "os-builder/os-builder").native(),
             "build",
             "-v",
             "kvm",
             "--locked",
             lock.native(),
             "--offline",
             "--source",
             checkout.native(),
             "--output",
             second.native(),
             "--cache",
             cache.native(),
             "--keys",
             (place / "keys").native()});
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
