#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>

#include "lib/base/result.hpp"

using namespace bulkhead;

TEST_CASE("an error reads from the outermost context to the cause") {
  const Error reason =
      error(ErrorCode::not_found, "no file {}", 7).with_context("reading the lock").with_context("building kvm");
  CHECK(reason.describe() == "building kvm: reading the lock: no file 7");
  CHECK(reason.context.front() == "reading the lock");
}

TEST_CASE("a failed system call keeps its errno, its meaning and its text") {
  errno = ENOENT;
  const Result<> outcome = fail_errno("opening {}", "x");
  CHECK(outcome.error().sys_errno == ENOENT);
  CHECK(outcome.error().code == ErrorCode::not_found);
  CHECK(outcome.error().message == "opening x: No such file or directory");
}

TEST_CASE("a full disk tells the reader what to do") {
  CHECK_FALSE(errno_error(ENOSPC, "writing").hint.empty());
  CHECK(errno_error(ENOENT, "writing").hint.empty());
}

TEST_CASE("errno values map to the canonical codes") {
  CHECK(code_of_errno(EACCES) == ErrorCode::permission_denied);
  CHECK(code_of_errno(EEXIST) == ErrorCode::already_exists);
  CHECK(code_of_errno(ENOSPC) == ErrorCode::failed_precondition);
  CHECK(code_of_errno(EAGAIN) == ErrorCode::aborted);
  CHECK(code_of_errno(EIO) == ErrorCode::data_loss);
  CHECK(code_of_errno(ENOKEY) == ErrorCode::verification_failed);
  CHECK(code_of_errno(0x7fff) == ErrorCode::internal);
}

TEST_CASE("every code has a name of its own") {
  for (const ErrorCode code : kErrorCodes) CHECK(parse_error_code(to_string(code)) == code);
  for (const char* unknown : {"", "Locked", "locked ", "ok"}) CHECK_FALSE(parse_error_code(unknown));
}
