#include "api-client/failure.hpp"

#include <catch2/catch_test_macros.hpp>

#include "api-server/http/message.hpp"
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
  const Error reported =
      error_of({.status = 423,
                .headers = {},
                .body = R"({"status": 423, "code": "locked", "message": "a try is open", "hint": "confirm it"})"});
  CHECK(reported.code == ErrorCode::locked);
  CHECK(reported.describe() == "a try is open");
  CHECK(reported.hint == "confirm it");
}

TEST_CASE("an error keeps its code on the way from the server to the exit code of the client") {
  for (const ErrorCode code : kErrorCodes) {
    const Error sent{.code = code, .message = "it is broken", .context = {"reading x"}, .hint = "mend it"};
    const http::Response answer = http::failure(sent);
    const Error received = error_of({.status = answer.status, .headers = {}, .body = answer.body});
    INFO(to_string(code));
    CHECK(received.code == code);
    CHECK(received.message == sent.describe());
    CHECK(received.hint == sent.hint);
    CHECK(cli::exit_code(received.code) == cli::exit_code(code));
  }
}

TEST_CASE("what a hostile node says does not control the terminal") {
  const Error reported =
      error_of({.status = 400, .headers = {}, .body = R"({"message": "\u001b[2Jgone\nok", "hint": "\u009b\u202e"})"});
  CHECK(reported.message == R"(\x1b[2Jgone\x0aok)");
  CHECK(reported.hint == R"(\u009b\u202e)");
}

TEST_CASE("a code that this client does not know is told by the status") {
  for (const char* code : {R"("teapot")", "7", "null"}) {
    const Error reported = error_of(
        {.status = 423, .headers = {}, .body = std::format(R"({{"code": {}, "message": "it is held"}})", code)});
    CHECK(reported.code == ErrorCode::locked);
    CHECK(reported.message == "it is held");
  }
}

TEST_CASE("an answer from somebody else is said to be one") {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"message": 7})"}) {
    const Error reported = error_of({.status = 502, .headers = {}, .body = body});
    CHECK(reported.code == ErrorCode::unavailable);
    CHECK(reported.message == "the server answered with HTTP status 502 and no error message");
    CHECK_FALSE(reported.hint.empty());
  }
}
