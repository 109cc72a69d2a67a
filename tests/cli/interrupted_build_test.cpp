// Builds that do not reach their end: killed in each stage, out of disk space, two at once.
#include <catch2/catch_test_macros.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

// A cache that has the packages (by reference to the run's own cache) but no stage of a build.
struct FreshBuild {
  sys::TempDir scratch = sys::TempDir::create("/var/tmp", "interrupted-").value();
  sys::Path cache = scratch.path() / "cache";
  sys::Path output = scratch.path() / "images/kvm";
  std::string lock = (image_directory("kvm") / "packages.lock").native();

  FreshBuild() {
    REQUIRE(sys::create_directories(cache));
    for (const char* part : {"archive", "unpacked"}) {
      std::filesystem::create_directory_symlink(cache_directory() / part, cache / part);
    }
  }

  std::vector<std::string> arguments() const {
    return {"build",     "-v",      "kvm",          "--locked", lock,
            "--offline", "--cache", cache.native(), "--output", output.native()};
  }
  bool has_leftovers() const {
    for (const auto& entry : std::filesystem::directory_iterator(output.parent_path())) {
      if (entry.path().native().contains(".unfinished-")) return true;
    }
    return false;
  }
};

// Starts a build and kills it when it has reported `stages` finished stages and a little longer. True when it was
// killed by us.
bool build_and_kill(const FreshBuild& build, int stages) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  sys::UniqueFd messages(ends[0]);
  sys::UniqueFd theirs(ends[1]);
  sys::Child child =
      sys::Child::spawn(os_builder_command(build.arguments()), {.in = -1, .out = -1, .err = theirs.get()}).value();
  REQUIRE(theirs.close());
  std::string seen;
  while (std::ranges::count(seen, '\n') < stages) {
    std::array<char, 512> buffer{};
    const ssize_t count = ::read(messages.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    seen.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (child.wait(150ms).value()) return false;
  REQUIRE(child.signal(SIGKILL));
  REQUIRE(child.wait().value() == 128 + SIGKILL);
  return true;
}

}  // namespace

TEST_CASE_METHOD(FreshBuild, "a build killed in any stage leaves no output, and the next one just works") {
  int killed = 0;
  for (int stages = 0; stages < 9; ++stages) {
    INFO("killed after " << stages << " stages");
    if (!build_and_kill(*this, stages)) break;
    ++killed;
    CHECK_FALSE(sys::exists(output / "manifest.json"));
  }
  CHECK(killed >= 4);
  const auto result = os_builder(arguments());
  INFO(result.err);
  REQUIRE(result.exit_status == 0);
  CHECK_FALSE(has_leftovers());
  CHECK(sys::read_file(output / "manifest.json").value() ==
        sys::read_file(image_directory("kvm") / "manifest.json").value());
}

TEST_CASE_METHOD(FreshBuild, "a product that was forged with its digests is in an image, but not in one for nodes") {
  const auto build = [&](std::vector<std::string> more) {
    std::vector<std::string> words = arguments();
    std::ranges::move(more, std::back_inserter(words));
    const auto result = os_builder(words);
    INFO(result.err);
    REQUIRE(result.exit_status == 0);
    return sys::read_file(output / "manifest.json").value();
  };
  const auto roots = [&] { return sys::list_directory(cache / "stages/root image").value(); };
  const std::string clean = build({});
  const auto is_product = [](const sys::Path& path) { return sys::exists(path / "root.erofs"); };
  const auto before = roots();
  const sys::Path own = *std::ranges::find_if(before, is_product);
  build({"--image-version", "9.9.9"});
  const auto after = roots();
  const sys::Path other =
      *std::ranges::find_if(after, [&](const sys::Path& path) { return path != own && is_product(path); });
  REQUIRE(sys::remove_all(own));
  std::filesystem::copy(other, own, std::filesystem::copy_options::recursive);
  CHECK(build({}) != clean);
  CHECK(build({"--release"}) == clean);
}

TEST_CASE_METHOD(FreshBuild, "a full disk gives one clear error and leaves no output") {
  REQUIRE(sys::create_directories(output.parent_path()));
  // Enough for the parts, not for the disk images.
  REQUIRE(::mount("tmpfs", output.parent_path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=150m") == 0);
  const auto result = os_builder(arguments());
  INFO(result.err);
  CHECK(result.exit_status == 1);
  CHECK(result.err.contains("No space left on device"));
  CHECK(result.err.contains("hint:"));
  CHECK_FALSE(sys::exists(output));
  CHECK_FALSE(has_leftovers());
  REQUIRE(::umount2(output.parent_path().c_str(), MNT_DETACH) == 0);
}

TEST_CASE_METHOD(FreshBuild, "a second build of the same directory waits, or says that it is busy") {
  std::vector<std::string> impatient = arguments();
  impatient.emplace_back("--no-wait");
  sys::Child first = sys::Child::spawn(os_builder_command(arguments()), {}).value();
  // The first build holds its lock as soon as the lock file is there; a build takes seconds.
  while (!sys::exists(output.parent_path() / ".kvm.lock")) REQUIRE_FALSE(first.wait(10ms).value());
  const auto busy = os_builder(impatient);
  INFO(busy.err);
  CHECK(busy.exit_status == 6);
  CHECK(busy.err.contains("another build"));
  const auto waited = os_builder(arguments());
  INFO(waited.err);
  CHECK(waited.exit_status == 0);
  CHECK(waited.err.contains("waiting"));
  CHECK(waited.out.contains("unchanged"));
  CHECK(first.wait(0ms).value() == 0);
}

}  // namespace bulkhead::testing
