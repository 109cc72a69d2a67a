#include "lib/crypto/sha256.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;

TEST_CASE("the digest of a file is that of its bytes, whether the file system has holes for its zeros or not") {
  const sys::TempDir dir = sys::TempDir::create("/var/tmp", "sha256-").value();
  const auto write = [&](const std::string& name, const std::string& head, std::size_t zeros, const std::string& tail) {
    const sys::Path path = dir.path() / name;
    REQUIRE(sys::write_file_atomically(path, head));
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(head.size() + zeros)) == 0);
    const sys::UniqueFd fd = sys::open_file(path, O_WRONLY).value();
    REQUIRE(sys::write_all_at(fd.get(), as_bytes(tail), head.size() + zeros));
    return path;
  };
  for (const std::size_t zeros : {0UL, 1UL, 4096UL, 131072UL, 1000000UL, 5000000UL}) {
    for (const std::string text : {"", "text", "\0"}) {
      INFO(zeros << " zeros");
      const std::string whole = text + std::string(zeros, '\0') + text;
      CHECK(crypto::sha256_file(write("sparse", text, zeros, text)).value() == crypto::sha256(whole));
    }
  }
}

TEST_CASE("files that say that they are empty and are not have a digest as well") {
  CHECK(crypto::sha256_file("/proc/version").value() == crypto::sha256(sys::read_file("/proc/version").value()));
  CHECK(crypto::sha256_file("/proc/none").error().code == ErrorCode::not_found);
}
