#include "node/file-system/links.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::file_system;

namespace {

struct Data {
  sys::TempDir directory = sys::TempDir::create("/tmp", "links-test-").value();
  sys::Path root = directory.path() / "var";
  sys::Path outside = directory.path() / "etc";

  Data() {
    REQUIRE(sys::create_directories(root));
    REQUIRE(sys::create_directories(outside / "kept"));
  }
  RemovedLinks clean() const {
    const sys::UniqueFd opened = sys::open_file(root, O_RDONLY | O_DIRECTORY).value();
    return remove_links(opened.get()).value();
  }
  sys::Path link(const std::string& path, const std::string& target = {}) const {
    const sys::Path at = root / path;
    REQUIRE(sys::create_directories(at.parent_path()));
    REQUIRE(::symlink(target.empty() ? outside.c_str() : target.c_str(), at.c_str()) == 0);
    return at;
  }
};

}  // namespace

TEST_CASE("links where programs of the node write are removed, and nothing behind them") {
  const std::vector<std::string> paths = {
      "spool",
      "lib/private",
      "log/private",
      "lib/systemd/network",
      "lib/cni/networks/bulkhead",
      "lib/cni/networks/other/last_reserved_ip.0",
      "log/journal/0123456789abcdef0123456789abcdef/system.journal",
      "lib/containerd/io.containerd.grpc.v1.cri/containers",
      "lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
      "lib/containerd/io.containerd.runtime.v2.task/k8s.io",
      "lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs",
      "lib/containerd/tmpmounts",
  };
  const Data data;
  for (const std::string& path : paths) data.link(path);
  const RemovedLinks removed = data.clean();
  CHECK(removed.count == paths.size());
  for (const std::string& path : paths) {
    INFO(path);
    CHECK_FALSE(sys::exists(data.root / path));
    CHECK(std::ranges::contains(removed.first, path));
  }
  CHECK(sys::exists(data.outside / "kept"));
}

TEST_CASE("a directory of the node that is a link as a whole is removed, and what it leads to is not looked at") {
  for (const char* path : {"lib", "log", "lib/containerd", "lib/systemd", "log/journal"}) {
    INFO(path);
    const Data data;
    data.link(path);
    REQUIRE(::symlink("/", (data.outside / "private").c_str()) == 0);
    CHECK(data.clean().first == std::vector<std::string>{path});
    CHECK(sys::exists(data.outside / "private"));
  }
}

TEST_CASE("links of containers stay: in layers, in volumes, below /opt and /mnt; so does that of tmpfiles") {
  const Data data;
  for (const char* path :
       {"lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/bin",
        "lib/containerd/io.containerd.grpc.v1.cri/containers/1/volumes/2/current", "opt/current", "mnt/disk", "tmp/x"})
    data.link(path);
  data.link("run", "../run");
  CHECK(data.clean().count == 0);
}

TEST_CASE("the link of tmpfiles counts only with its own target") {
  const Data data;
  data.link("run");
  CHECK(data.clean().first == std::vector<std::string>{"run"});
}

TEST_CASE("an empty file system has nothing to remove") {
  const Data data;
  CHECK(data.clean().count == 0);
}

TEST_CASE("only the first links are named, and there is a limit") {
  const Data data;
  for (std::size_t i = 0; i < kMostLinks; ++i) data.link(std::format("lib/containerd/{}", i));
  const RemovedLinks removed = data.clean();
  CHECK(removed.count == kMostLinks);
  CHECK(removed.first.size() == kNamedLinks);

  for (std::size_t i = 0; i <= kMostLinks; ++i) data.link(std::format("lib/containerd/{}", i));
  const sys::UniqueFd opened = sys::open_file(data.root, O_RDONLY | O_DIRECTORY).value();
  const auto refused = remove_links(opened.get());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("symbolic links"));
}
