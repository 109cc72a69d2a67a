// A container by each runtime of the image: that containerd, its supervisor and the runtime fit each other, the kernel
// and the node's settings. The container's image is made on the node, of the one program that variant kvm-dev has
// anyway.
#include <catch2/catch_test_macros.hpp>

#include "lib/base/text.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"

namespace bulkhead::testing {
namespace {

constexpr std::string_view kImage = "example.org/box:1";

// An OCI image layout (OCI image-spec, "Image Layout") as one tar file, imported.
void import_image(Node& node) {
  must_answer(node,
              "mkdir -p /run/oci/blobs/sha256 /run/layer/bin /run/layer/etc && cp /usr/bin/busybox /run/layer/bin/");
  must_answer(node, "for name in sh uname id cat touch; do ln -s busybox /run/layer/bin/$name; done");
  must_answer(node, "echo from the image >/run/layer/etc/motd; tar -C /run/layer -cf /run/layer.tar .");
  // Stores a file under its digest; $D and $S are then its digest and size.
  must_answer(node,
              "blob() { D=$(sha256sum <$1 | cut -d' ' -f1); S=$(wc -c <$1); mv $1 /run/oci/blobs/sha256/$D; "
              "D=sha256:$D; }");
  must_answer(node, "blob /run/layer.tar; L=$D; LS=$S");
  must_answer(node,
              R"(printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},)"
              R"("rootfs":{"type":"layers","diff_ids":["%s"]}}' $L >/run/config && blob /run/config; C=$D; CS=$S)");
  must_answer(node, "I=application/vnd.oci.image");
  must_answer(node, R"(printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json",)"
                    R"("config":{"mediaType":"%s.config.v1+json","digest":"%s","size":%s},)"
                    R"("layers":[{"mediaType":"%s.layer.v1.tar","digest":"%s","size":%s}]}' )"
                    R"($I $I $C $CS $I $L $LS >/run/manifest && blob /run/manifest)");
  must_answer(node, std::format(R"(printf '{{"schemaVersion":2,"manifests":[{{"mediaType":"%s.manifest.v1+json",)"
                                R"("digest":"%s","size":%s,"annotations":{{"io.containerd.image.name":"{}"}}}}]}}' )"
                                R"($I $D $S >/run/oci/index.json)",
                                kImage));
  must_answer(node, R"(printf '{"imageLayoutVersion":"1.0.0"}' >/run/oci/oci-layout)");
  must_answer(node, "tar -C /run/oci -cf /run/image.tar oci-layout index.json blobs");
  must_answer(node, "ctr images import /run/image.tar");
  CHECK(must_answer(node, "ctr images ls -q").contains(kImage));
}

std::string run(Node& node, const std::string& runtime, const std::string& command) {
  return must_answer(node, std::format("ctr run --rm --runc-binary /usr/bin/{0} {1} box-{0} {2} </dev/null", runtime,
                                       kImage, command));
}

TEST_CASE("crun and runsc run a container of an image that was imported") {
  BootedNode booted({.variant = "kvm-dev"}, "containers");
  Node& node = booted.node();
  wait_for_shell(node);
  import_image(node);
  const std::string release(trim(must_answer(node, "uname -r")));

  // It looks at itself and writes to its own files.
  const std::string by_crun = run(
      node, "crun", "/bin/sh -c 'touch /etc/mine && cat /etc/motd && echo process $$ of $(id -u) on $(uname -s -r)'");
  CHECK(by_crun.contains("from the image\n"));
  CHECK(by_crun.contains(std::format("process 1 of 0 on Linux {}\n", release)));

  // This version of runsc takes every network namespace for the host's when it sees this directory
  // (https://github.com/google/gvisor/issues/10704), and refuses to start.
  must_answer(node, "mount -t tmpfs -o ro tmpfs /proc/sys/net");
  // Not more than this: under containerd, `cat` of a file of the image was seen to end its sandbox with status 2.
  CHECK(run(node, "runsc", "/bin/busybox uname -s -r").contains("Linux 4.4.0\n"));  // gVisor's own kernel
  must_answer(node, "umount /proc/sys/net");

  CHECK(must_answer(node, "ctr tasks ls -q; ctr containers ls -q").empty());

  // Nothing starts what containerd's database, which lies on DATA, wants to have running: neither at its start nor in
  // the 10 s after which the plugin for it would look again.
  must_answer(node, std::format("ctr containers create --label containerd.io/restart.status=running --label "
                                "containerd.io/restart.policy=always {} wants-to-run /bin/sleep 1000",
                                kImage));
  must_answer(node, "systemctl restart containerd; sleep 15");
  CHECK(must_answer(node, "ctr containers ls -q") == "wants-to-run\n");
  CHECK(must_answer(node, "ctr tasks ls -q").empty());
  must_answer(node, "ctr containers rm wants-to-run");
  CHECK(must_answer(node, "systemctl is-active containerd") == "active\n");
}

}  // namespace
}  // namespace bulkhead::testing
