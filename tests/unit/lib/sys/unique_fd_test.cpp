#include "lib/sys/unique_fd.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

using bulkhead::sys::UniqueFd;

namespace {

UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a descriptor is closed by its last owner, once") {
  int number = -1;
  {
    UniqueFd first = open_null();
    number = first.get();
    const UniqueFd second = std::move(first);
    CHECK(second.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("assigning over a descriptor closes the old one") {
  UniqueFd target = open_null();
  const int old_number = target.get();
  {
    UniqueFd source = open_null();
    target = std::move(source);
  }
  CHECK(target.get() != old_number);
  CHECK(is_open(target.get()));
  CHECK_FALSE(is_open(old_number));
}

TEST_CASE("a released descriptor stays open") {
  int number = -1;
  {
    UniqueFd fd = open_null();
    number = fd.release();
    CHECK_FALSE(fd);
  }
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("closing reports the error and does it only once") {
  UniqueFd fd = open_null();
  REQUIRE(fd.close());
  CHECK_FALSE(fd);
  CHECK(fd.close());  // nothing left to close

  UniqueFd stale(open_null().get());  // the temporary has closed it already
  const auto closed = stale.close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().sys_errno == EBADF);
}
