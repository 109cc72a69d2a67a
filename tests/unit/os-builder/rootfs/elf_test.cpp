#include "os-builder/rootfs/elf.hpp"

#include <catch2/catch_test_macros.hpp>
#include <elf.h>

#include <algorithm>

#include "lib/base/hex.hpp"
#include "lib/sys/mapped_file.hpp"

namespace bulkhead::rootfs {
namespace {

// This test program carries a note as systemd's libraries do; it is read back from the file.
constexpr char kNotes[] = R"([{"feature":"sky","priority":"suggested","soname":["libsky.so.2","libsky.so.1"]}])";
struct NoteSection {
  Elf64_Nhdr header{.n_namesz = 4, .n_descsz = sizeof(kNotes), .n_type = 0x407c0c0a};
  char name[4] = {'F', 'D', 'O', 0};
  char text[(sizeof(kNotes) + 3) / 4 * 4] = {};
};
consteval NoteSection make_note() {
  NoteSection note;
  std::ranges::copy(kNotes, note.text);
  return note;
}
[[gnu::used, gnu::retain, gnu::section(".note.dlopen"), gnu::aligned(4)]] constexpr NoteSection kNote = make_note();

TEST_CASE("a program says what it needs and what it may load") {
  const auto file = sys::MappedFile::open("/proc/self/exe");
  REQUIRE(file);
  REQUIRE(is_elf(file->bytes()));
  const auto info = read_elf(file->bytes());
  REQUIRE(info);
  CHECK(info->loadable);
  CHECK(info->interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(std::ranges::contains(info->needed, "libc.so.6"));
  CHECK(info->dlopen ==
        std::vector{DlopenNote{.feature = "sky", .priority = "suggested", .sonames = {"libsky.so.2", "libsky.so.1"}}});
}

TEST_CASE("a library says its name") {
  const auto file = sys::MappedFile::open("/usr/lib/x86_64-linux-gnu/libc.so.6");
  if (!file) SKIP("needs the C library at Debian's place");
  const auto info = read_elf(file->bytes());
  REQUIRE(info);
  CHECK(info->soname == "libc.so.6");
}

TEST_CASE("text is no ELF file, and a cut-off one is damaged") {
  CHECK_FALSE(is_elf(as_bytes("")));
  CHECK_FALSE(is_elf(as_bytes("#!/bin/sh")));
  CHECK_FALSE(
      read_elf(as_bytes("\x7f"
                        "ELF")));
  const auto file = sys::MappedFile::open("/proc/self/exe");
  REQUIRE(file);
  for (const std::size_t size : {5UZ, 16UZ, 63UZ, 64UZ, 200UZ, 1000UZ}) {
    CAPTURE(size);
    CHECK_FALSE(read_elf(file->bytes().first(size)));
  }
}

TEST_CASE("programs for other machines are refused") {
  const auto file = sys::MappedFile::open("/proc/self/exe");
  REQUIRE(file);
  std::vector<std::byte> other(file->bytes().begin(), file->bytes().begin() + 4096);
  other[18] = std::byte{0xb7};  // AArch64
  const auto info = read_elf(other);
  REQUIRE_FALSE(info);
  CHECK(info.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace bulkhead::rootfs
