// A library that says that it was loaded: as a plugin of containerd, or in any other way. Without the C library, so
// that it is small enough to be typed.
#include <sys/syscall.h>

namespace {

[[gnu::constructor, gnu::used]] void leave_mark() {
  static constexpr char kMark[] = "/run/evil-plugin-was-loaded";
  constexpr unsigned long kMode = 0755;
  unsigned long result = SYS_mkdir;
  __asm__ volatile("syscall" : "+a"(result) : "D"(&kMark[0]), "S"(kMode) : "rcx", "r11", "memory");
}

}  // namespace
