#include "api-client/failure.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/cli/program.hpp"

using namespace bulkhead;
using namespace bulkhead::client;

namespace {

int exit_of(int status) { return static_cast<int>(cli::exit_code(code_of_status(status))); }

}  // namespace

TEST_CASE("statuses become exit codes") {
  for (const int status : {400, 405, 413, 414, 415, 431}) CHECK(exit_of(status) == 2);
  for (const int status : {401, 403}) CHECK(exit_of(status) == 5);
  for (const int status : {409, 423, 429}) CHECK(exit_of(status) == 6);
  for (const int status : {404, 408, 422, 500, 502, 503, 504, 302}) CHECK(exit_of(status) == 1);
}

TEST_CASE("the node's message and hint are what is said") {
  const Error problem =
      error_of({.status = 423,
                .headers = {},
                .body = R"({"status": 423, "code": "aborted", "message": "a try is open", "hint": "confirm it"})"});
  CHECK(problem.code == ErrorCode::aborted);
  CHECK(problem.describe() == "a try is open");
  CHECK(problem.hint == "confirm it");
}

TEST_CASE("an answer from somebody else is said to be one") {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"message": 7})"}) {
    const Error problem = error_of({.status = 502, .headers = {}, .body = body});
    CHECK(problem.code == ErrorCode::unavailable);
    CHECK(problem.message == "the answer has status 502 and says no more");
    CHECK_FALSE(problem.hint.empty());
  }
}
