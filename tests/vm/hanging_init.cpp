// Process 1 of an initrd that starts the hardware watchdog as bulkhead-init does (node/init/kernel.cpp)
// and then does nothing more. The modules are where the real initrd has them.
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace {

void say(const std::string& text) { std::ofstream("/dev/kmsg") << "<2>hanging_init: " << text << std::endl; }

}  // namespace

int main() {
  ::mkdir("/dev", 0755);
  ::mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
  // Modules in the order of loading, and between them patterns of devices, which are no files.
  std::ifstream list("/modules/load");
  for (std::string word; list >> word;) {
    if (word == "softdog") continue;
    const int module = ::open(("/modules/" + word + ".ko").c_str(), O_RDONLY | O_CLOEXEC);
    if (module < 0) continue;
    ::syscall(SYS_finit_module, module, "", 0);
    ::close(module);
  }
  const int watchdog = ::open("/dev/watchdog0", O_WRONLY | O_CLOEXEC);
  int seconds = 10;
  const bool armed = ::ioctl(watchdog, WDIOC_SETTIMEOUT, &seconds) == 0 && ::ioctl(watchdog, WDIOC_KEEPALIVE, 0) == 0;
  say(armed ? "watchdog armed, hanging" : "no watchdog");
  for (;;) ::pause();
}
