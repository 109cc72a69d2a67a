#include "api-server/http/message.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::http;

TEST_CASE("whose fault an error is decides its status") {
  for (const ErrorCode code :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::already_exists, ErrorCode::permission_denied,
        ErrorCode::failed_precondition, ErrorCode::aborted, ErrorCode::verification_failed}) {
    CAPTURE(to_string(code));
    CHECK(status_of(error(code, "x")) / 100 == 4);
  }
  for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::data_loss, ErrorCode::internal})
    CHECK(status_of(error(code, "x")) / 100 == 5);
}

TEST_CASE("the body of an error has status, code, message with its context, and a hint only when there is one") {
  const Response response = failure(error(ErrorCode::unavailable, "no answer").with_context("asking"));
  CHECK(response.content_type == "application/json");
  CHECK(Json::parse(response.body) == Json{{"status", 503}, {"code", "unavailable"}, {"message", "asking: no answer"}});
  const Response chosen = failure(429, error(ErrorCode::aborted, "too many").with_hint("wait"));
  CHECK(chosen.status == 429);
  CHECK(Json::parse(chosen.body)["status"] == 429);
  CHECK(Json::parse(chosen.body)["hint"] == "wait");
}

TEST_CASE("answers end with a line break, and bytes that are no UTF-8 do not keep them from being JSON") {
  const Response response = json({{"text", "a\xff"}});
  CHECK(response.body.ends_with("}\n"));
  CHECK(Json::parse(response.body)["text"] == "a\xef\xbf\xbd");
  CHECK(no_content().status == 204);
  CHECK(no_content().body.empty());
  CHECK(text("x").content_type.starts_with("text/plain"));
}

TEST_CASE("parameters are there or not, whatever is in them") {
  Request request;
  request.query = {{"empty", ""}};
  CHECK(request.parameter("empty") == "");
  CHECK_FALSE(request.parameter("missing"));
}
