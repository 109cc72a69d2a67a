#include "api-server/channel/messages.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::channel;
using bulkhead::testing::must;

namespace {

std::span<const char> without_length(const std::string& frame) { return std::span(frame).subspan(kLengthSize); }

std::string error_of_front(const std::string& frame) {
  const auto decoded = decode_from_front(std::span(frame));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::invalid_argument);
  return decoded.error().message;
}

std::vector<FromFront> from_front() {
  return {OpenLocal{.id = 1},
          OpenRemote{.id = ~0ULL, .chain = {"own", std::string("is\0suer", 7)}},
          OpenRemote{.id = 2, .problem = "certificate has expired", .common_name = "ops-1"},
          Close{.id = 3},
          Ask{.id = 4, .method = "PATCH", .path = "/settings"},
          Request{.id = 5,
                  .method = "GET",
                  .path = "/",
                  .query = {{"a", "1"}, {"b", ""}},
                  .content_type = "application/json",
                  .body = std::string("\0\xff", 2)}};
}

std::vector<ToFront> to_front() {
  std::vector<ToFront> all;
  all.emplace_back(ListenLocal{.most = 256});
  all.emplace_back(ListenRemote{.certificates = "c", .client_ca = "ca", .key = crypto::SecretText("k")});
  all.emplace_back(StopRemote{});
  all.emplace_back(PeerIs{.id = 1, .known = true, .identity = "certificate ops-1"});
  all.emplace_back(MayAsk{.id = 2, .allowed = false});
  all.emplace_back(Answer{.id = 3, .status = 204});
  all.emplace_back(Answer{.id = 3, .status = 200, .content_type = "text/plain", .body = "body"});
  all.emplace_back(BeginStream{.id = 4, .status = 200, .content_type = "text/event-stream"});
  all.emplace_back(Chunk{.id = 5, .bytes = "chunk"});
  all.emplace_back(EndStream{.id = 6});
  all.emplace_back(Drop{.id = 7});
  return all;
}

}  // namespace

TEST_CASE("every message of both directions is read as it was written") {
  for (const FromFront& message : from_front())
    CHECK(must(decode_from_front(without_length(encode(message)))) == message);
  for (const ToFront& message : to_front()) CHECK(must(decode_to_front(without_length(encode(message)))) == message);
}

TEST_CASE("an answer may be written without its body, which follows") {
  const Answer answer{.id = 3, .status = 200, .content_type = "text/plain", .body = "body"};
  Answer head = answer;
  head.body.clear();
  CHECK(encode_without_body(head, 4) + "body" == encode(ToFront(answer)));
}

TEST_CASE("a frame that is cut off anywhere, or has more, is none") {
  for (const FromFront& message : from_front()) {
    const std::string frame = encode(message);
    for (std::size_t size = 0; size + kLengthSize < frame.size(); ++size)
      CHECK_FALSE(decode_from_front(without_length(frame).first(size)));
    CHECK_FALSE(decode_from_front(without_length(frame + "x")));
  }
  for (const ToFront& message : to_front()) {
    const std::string frame = encode(message);
    for (std::size_t size = 0; size + kLengthSize < frame.size(); ++size)
      CHECK_FALSE(decode_to_front(without_length(frame).first(size)));
    CHECK_FALSE(decode_to_front(without_length(frame + "x")));
  }
}

TEST_CASE("lengths that a frame does not have are refused, without room being made for them") {
  const std::string huge(4, '\xff');
  const std::string id(8, '\0');
  CHECK(error_of_front('\4' + id + huge).contains("longer than its frame"));           // the method of a request
  CHECK(error_of_front('\1' + id + huge).contains("cut off"));                         // certificates of a chain
  CHECK(error_of_front('\1' + id + huge + std::string(4, '\0')).contains("cut off"));  // one of them is there
  CHECK(error_of_front("\x7f").contains("no message 127"));
  CHECK(error_of_front("").contains("empty"));
}

TEST_CASE("what no client can have sent is refused") {
  const std::string zero("/a\0b", 4);
  for (const FromFront& message :
       {FromFront(Ask{.id = 1, .method = "GET", .path = zero}), FromFront(Ask{.id = 1, .method = zero, .path = "/"}),
        FromFront(Request{.id = 1, .method = "GET", .path = zero}),
        FromFront(Request{.id = 1, .method = "GET", .path = "/", .query = {{"a", zero}}}),
        FromFront(OpenRemote{.id = 1, .problem = zero}),
        FromFront(OpenRemote{.id = 1, .chain = {"c"}, .problem = "expired"})})
    CHECK_FALSE(decode_from_front(without_length(encode(message))));
}

TEST_CASE("names that are there twice, or out of order, are refused") {
  std::string frame =
      encode(FromFront(Request{.id = 1, .method = "GET", .path = "/", .query = {{"a", ""}, {"b", ""}}}));
  const std::size_t second = frame.find('b');
  frame[second] = 'a';
  CHECK_FALSE(decode_from_front(without_length(frame)));
}

TEST_CASE("the front takes no status that is none of HTTP, and no truth but two") {
  for (const std::uint32_t status : {0U, 100U, 199U, 600U, 70'000U}) {
    CHECK_FALSE(decode_to_front(without_length(encode(ToFront(Answer{.id = 1, .status = status})))));
    CHECK_FALSE(decode_to_front(without_length(encode(ToFront(BeginStream{.id = 1, .status = status})))));
  }
  std::string frame = encode(ToFront(MayAsk{.id = 1, .allowed = true}));
  frame.back() = '\2';
  CHECK_FALSE(decode_to_front(without_length(frame)));
}
