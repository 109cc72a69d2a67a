#include "os-builder/variant/checks.hpp"

#include <catch2/catch_test_macros.hpp>

namespace bulkhead::variant::check {
namespace {

TEST_CASE("paths must be absolute and normalized") {
  CHECK(path("/usr/sbin/init"));
  CHECK(path("/etc/.updated"));
  for (const std::string_view bad : {"", "/", "usr", "/usr/", "/usr//bin", "/usr/./bin", "/usr/../bin", "/a\nb"}) {
    CAPTURE(bad);
    CHECK_FALSE(path(bad));
  }
}

TEST_CASE("patterns must be able to match an absolute path") {
  for (const std::string_view good : {"/usr/share/doc/**", "**/*.a", "/usr/lib/[a-z]*", "/x/[]a]", "/a\\[b"}) {
    CAPTURE(good);
    CHECK(path_glob(good));
  }
  for (const std::string_view bad : {"", "usr/**", "*.a", "/usr/", "/usr//x", "/usr/[a", "/usr/[]", "/a\\"}) {
    CAPTURE(bad);
    CHECK_FALSE(path_glob(bad));
  }
}

TEST_CASE("units need a name and a suffix that systemd knows") {
  for (const std::string_view good : {"a.service", "getty@tty1.service", "dev-disk-by\\x2dlabel-X.mount", "x.swap"})
    CHECK(unit(good));
  for (const std::string_view bad : {"", "a", ".service", "a.conf", "a/b.service", "a b.service"})
    CHECK_FALSE(unit(bad));
  CHECK(target("multi-user.target"));
  CHECK_FALSE(target("multi-user.service"));
}

TEST_CASE("names of packages, accounts, modules, programs and libraries have their alphabets") {
  CHECK(package("libstdc++6"));
  CHECK_FALSE(package("x"));
  CHECK_FALSE(package("libFoo"));
  CHECK_FALSE(package("foo:amd64"));
  CHECK(account("systemd-network"));
  CHECK(account("_chrony"));
  CHECK_FALSE(account("0day"));
  CHECK_FALSE(account("a:b"));
  CHECK_FALSE(account("abcdefghijklmnopqrstuvwxyz0123456"));
  CHECK(module("dm-verity"));
  CHECK_FALSE(module("dm_verity.ko"));
  CHECK_FALSE(module("kernel/dm_verity"));
  CHECK(simple_name("bulkhead-console"));
  CHECK_FALSE(simple_name(".."));
  CHECK(soname("libpcre2-8.so.0"));
  CHECK_FALSE(soname("libpcre2"));
  CHECK(file_name("["));
  CHECK_FALSE(file_name(".."));
  CHECK(account_comment(""));
  CHECK_FALSE(account_comment("a:b"));
}

TEST_CASE("words of the command line have no spaces and leave what the build sets alone") {
  CHECK(command_line_word("console=ttyS0,115200n8"));
  CHECK_FALSE(command_line_word("a b"));
  CHECK_FALSE(command_line_word(""));
  CHECK_FALSE(command_line_word("roothash=x"));
}

TEST_CASE("compression is an algorithm of mkfs.erofs with an optional level") {
  for (const std::string_view good : {"", "lz4", "lz4hc,12", "zstd,19"}) CHECK(compression(good));
  for (const std::string_view bad : {"gzip", "lz4hc,", "lz4hc,x", "lz4,1,2", "lz4hc,-1"}) CHECK_FALSE(compression(bad));
}

TEST_CASE("license expressions have SPDX's grammar") {
  for (const char* text : {"MIT", "GPL-2.0-or-later WITH Bison-exception-2.2", "MIT AND (BSD-3-Clause OR ISC)",
                           "((MIT))", "MIT AND ISC AND Zlib"})
    CHECK(check::license_expression(text));
  for (const char* text : {"", "MIT ISC", "AND MIT", "MIT AND", "(MIT", "MIT)", "()", "MIT (ISC)", "MIT and ISC",
                           "GPL-2+", "LicenseRef-mine", "MIT\n", "MIT; ISC"}) {
    INFO(text);
    CHECK_FALSE(check::license_expression(text));
  }
}

TEST_CASE("products of CPE names have a vendor and nothing that would have to be escaped") {
  for (const char* text : {"gnu:glibc", "o:linux:linux_kernel", "a-b.c:d_e"}) CHECK(check::cpe_product(text));
  for (const char* text :
       {"", "glibc", "gnu:", ":glibc", "gnu:glibc:2", "o:linux", "Gnu:glibc", "gnu:gl*ibc", "h:a:b"}) {
    INFO(text);
    CHECK_FALSE(check::cpe_product(text));
  }
}

TEST_CASE("sizes and ids have their ranges") {
  CHECK(partition_size(1 << 20));
  CHECK_FALSE(partition_size(0));
  CHECK_FALSE(partition_size((1 << 20) + 512));
  CHECK_FALSE(partition_size(std::uint64_t{1} << 60U));
  CHECK(cluster_size(4096));
  CHECK_FALSE(cluster_size(12288));
  CHECK_FALSE(cluster_size(2048));
  CHECK(account_id("root", 0));
  CHECK_FALSE(account_id("toor", 0));
  CHECK(account_id("nobody", 65534));
  CHECK_FALSE(account_id("a", 61184));
  CHECK_FALSE(account_id("a", -1));
  CHECK_FALSE(account_id("a", std::int64_t{1} << 32U));
}

}  // namespace
}  // namespace bulkhead::variant::check
