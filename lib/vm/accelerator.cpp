#include "lib/vm/accelerator.hpp"

#include <fcntl.h>
#include <stdlib.h>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::vm {
namespace {

using namespace std::chrono_literals;

// A guest on working KVM needs well under a second for this.
constexpr auto kProbeTime = 8s;

// The BIOS does not boot from a disk of one sector.
constexpr std::size_t kProbeDiskSize = std::size_t{1} << 20U;

// isa-debug-exit turns a written value into this exit status of QEMU.
constexpr int kPassedStatus = static_cast<int>(kProbePassed << 1U | 1U);

Result<std::string> boot_id() {
  const std::string text = TRY(sys::read_file("/proc/sys/kernel/random/boot_id"));
  return std::string(trim(text));
}

}  // namespace

Result<bool> probe(Accelerator accelerator) {
  const sys::TempDir directory = TRY(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-probe-"));
  std::string disk(kProbeDiskSize, '\0');
  disk.replace(0, probe_guest().size(), as_text(probe_guest()));
  const sys::Path image = directory.path() / "probe.img";
  TRY(sys::write_file_atomically(image, disk));
  const bool kvm = accelerator == Accelerator::kvm;
  const sys::Command command{.arguments = {"setpriv",
                                           "--pdeathsig",
                                           "KILL",
                                           "qemu-system-x86_64",
                                           "-nodefaults",
                                           "-no-user-config",
                                           "-display",
                                           "none",
                                           "-machine",
                                           "q35",
                                           "-m",
                                           "64M",
                                           "-no-reboot",
                                           "-accel",
                                           kvm ? "kvm" : "tcg",
                                           "-cpu",
                                           kvm ? "host" : "max",
                                           "-drive",
                                           std::format("if=none,id=disk,format=raw,file={}", image.native()),
                                           "-device",
                                           "ide-hd,drive=disk",
                                           "-device",
                                           "isa-debug-exit,iobase=0xf4,iosize=1"}};
  sys::Child child = TRY_CTX(sys::Child::spawn(command, {}), "trying whether {} works", to_string(accelerator));
  const std::optional<int> status = TRY(child.wait(kProbeTime));
  return status == kPassedStatus;
}

Result<Accelerator> choose_accelerator(Accelerator requested, const sys::Path& cache_directory) {
  if (requested != Accelerator::automatic) return requested;
  if (!sys::exists("/dev/kvm")) return Accelerator::tcg;
  const std::string boot = TRY(boot_id());
  const sys::Path remembered = cache_directory / "accelerator";
  const auto text = sys::read_file(remembered, 4096);
  if (text && *text == boot + " kvm\n") return Accelerator::kvm;
  if (text && *text == boot + " tcg\n") return Accelerator::tcg;

  const bool kvm_works = TRY(probe(Accelerator::kvm));
  const Accelerator chosen = kvm_works ? Accelerator::kvm : Accelerator::tcg;
  TRY(sys::create_directories(cache_directory));
  TRY(sys::write_file_atomically(remembered, std::format("{} {}\n", boot, to_string(chosen))));
  return chosen;
}

sys::Path default_cache_directory() {
  const char* cache = ::getenv("BULKHEAD_CACHE");  // NOLINT(concurrency-mt-unsafe)
  if (cache != nullptr && *cache != '\0') return cache;
  const char* home = ::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  return sys::Path(home != nullptr ? home : "/tmp") / ".cache" / "bulkhead";
}

}  // namespace bulkhead::vm
