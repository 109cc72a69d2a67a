#include "api-server/http/session.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/http/loop_fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::http;
using bulkhead::testing::Answer;
using bulkhead::testing::kLongerThanAnyLimit;
using bulkhead::testing::LoopFixture;

namespace {

std::string get(std::string_view path, std::string_view headers = "") {
  return std::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", path, headers);
}
std::string put_head(std::size_t size) {
  return std::format("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", size);
}
std::string put(const std::string& body) { return put_head(body.size()) + body; }

constexpr std::string_view kChunked = "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

struct SessionFixture : LoopFixture {
  std::vector<std::string> requests;  // paths, in the order in which handlers saw them
  std::vector<Reply> replies;         // of /later
  std::shared_ptr<Stream> stream;     // of /stream
  int gone = 0;

  explicit SessionFixture(const Limits& allowed = {}) : LoopFixture(allowed) {
    const auto add = [this](std::string_view method, std::string_view path, Handler handler) {
      router.add(
          {method, path, Role::reader, [this, handler = std::move(handler)](const Request& r, const Reply& reply) {
             requests.push_back(r.path);
             handler(r, reply);
           }});
    };
    add("GET", "/text/{name}", [](const Request& r, const Reply& reply) { reply(text(r.captures.front())); });
    add("PUT", "/echo", [](const Request& r, const Reply& reply) { reply(text(std::to_string(r.body.size()))); });
    add("GET", "/later", [this](const Request&, const Reply& reply) { replies.push_back(reply); });
    add("GET", "/nothing", [](const Request&, const Reply& reply) { reply(no_content()); });
    const auto streaming = [this](const char* type) {
      return [this, type](const Request&, const Reply& reply) {
        reply({.content_type = type, .stream = [this](std::shared_ptr<Stream> given) {
                 stream = std::move(given);
                 stream->on_gone = [this] { ++gone; };
               }});
      };
    };
    add("GET", "/stream", streaming("application/jsonl"));
    add("GET", "/events", streaming("text/event-stream"));
  }

  int status(const std::string& bytes) {
    const auto client = connect();
    client->send(bytes);
    return answers(client, 1).front().status;
  }
};

Limits small_limits() {
  return {.head = 1024, .body = 64U << 10U, .small_body = 512, .large_bodies = 1, .stream_backlog = 1U << 20U};
}

}  // namespace

TEST_CASE("a connection serves one request after the other") {
  SessionFixture server;
  const auto client = server.connect();
  for (std::size_t i = 1; i <= 3; ++i) {
    client->send(get(std::format("/text/{}", i)));
    const auto answers = server.answers(client, i);
    CHECK(answers.back().status == 200);
    CHECK(answers.back().body == std::to_string(i));
  }
  client->send(get("/text/last", "Connection: close\r\n"));
  CHECK(server.all(client).ends_with("last"));
  CHECK_FALSE(server.core->sessions.empty());  // what the client still sends is read and dropped
  client->leave();
  server.settle();
  CHECK(server.core->sessions.empty());
}

TEST_CASE("HTTP/1.0 ends after one answer") {
  SessionFixture server;
  const auto client = server.connect();
  client->send("GET /text/old HTTP/1.0\r\n\r\n");
  CHECK(server.all(client).ends_with("old"));
}

TEST_CASE("requests that come together are answered in their order, each when the one before is done") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/text/a") + get("/later") + put("bcd") + get("/nothing") + get("/text/e"));
  server.until([&] { return server.replies.size() == 1; });
  server.settle();
  CHECK(server.requests == std::vector<std::string>{"/text/a", "/later"});
  server.replies.front()(text("late"));
  const auto answers = server.answers(client, 5);
  std::vector<std::string> bodies;
  for (const Answer& answer : answers) bodies.push_back(answer.body);
  CHECK(bodies == std::vector<std::string>{"a", "late", "3", "", "e"});
  CHECK(answers[3].status == 204);
  CHECK_FALSE(answers[3].head.contains("Content-Length"));
}

TEST_CASE("a connection is made known with its first request, once, and closed when it ends") {
  SessionFixture server;
  const auto client = server.connect();
  server.settle();
  CHECK(server.backend.open.empty());
  client->send(get("/text/a"));
  server.answers(client, 1);
  client->send(put("abc"));
  server.answers(client, 2);
  CHECK(server.backend.open.size() == 1);
  client->leave();
  server.settle();
  CHECK(server.backend.open.empty());
}

TEST_CASE("a connection that is dropped ends, but not before the answer that is on its way") {
  SessionFixture server;
  const auto idle = server.connect();
  const auto busy = server.connect();
  const auto streaming = server.connect();
  busy->send(get("/later"));
  streaming->send(get("/stream"));
  server.until([&] { return server.replies.size() == 1 && server.stream != nullptr; });
  server.core->for_each([](AnySession& session) { session.drop(); });
  CHECK(server.all(idle).empty());
  server.until([&] { return streaming->ended; });
  CHECK(server.gone == 1);
  CHECK_FALSE(busy->ended);
  server.replies.front()(text("still"));
  server.replies.clear();
  CHECK(server.all(busy).ends_with("still"));
}

TEST_CASE("a body that is larger than what has come is read only when the backend allows it") {
  SessionFixture server;
  server.router.add({"PUT", "/admin", Role::admin, [](const Request&, const Reply& reply) { reply(no_content()); }});
  const auto client = server.connect();
  client->send("PUT /admin HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  server.settle();
  client->send("abc");
  CHECK(server.answers(client, 1).front().status == 204);
}

TEST_CASE("a head that arrives byte by byte is one request") {
  SessionFixture server;
  const auto client = server.connect();
  for (const char c : get("/text/slow")) {
    client->send(std::string(1, c));
    server.settle();
  }
  CHECK(server.answers(client, 1).front().body == "slow");
}

TEST_CASE("what is not HTTP, or asks for what is no path, is refused with 400 and the connection ends") {
  SessionFixture server;
  for (const char* bytes :
       {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    CAPTURE(bytes);
    const auto client = server.connect();
    client->send(bytes);
    client->half_close();
    CHECK(server.all(client).starts_with("HTTP/1.1 400 "));
  }
  CHECK(server.requests.empty());
}

TEST_CASE("a head beyond the limit is 431, whether it is the line or a header") {
  SessionFixture server(small_limits());
  CHECK(server.status("GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 431);
  CHECK(server.status(get("/text/x", "A: " + std::string(2000, 'a') + "\r\n")) == 431);
  CHECK(server.status(get("/text/x", "A: " + std::string(500, 'a') + "\r\n")) == 200);
}

TEST_CASE("a body beyond the limit is 413, whether it says so or not") {
  SessionFixture server(small_limits());
  const std::size_t limit = server.limits.body;
  CHECK(server.status(put_head(limit + 1)) == 413);
  CHECK(server.status(std::format("{}{:x}\r\n{}\r\n0\r\n\r\n", kChunked, limit + 1, std::string(limit + 1, 'x'))) ==
        413);
  CHECK(server.status(put(std::string(limit, 'x'))) == 200);
  // The answer reaches a client that is still sending.
  const auto client = server.connect();
  client->send(put(std::string(16 * limit, 'x')));
  CHECK(server.answers(client, 1).front().status == 413);
}

TEST_CASE("a client that asks before it sends a body is told to go on") {
  SessionFixture server;
  const auto client = server.connect();
  client->send("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(server.answers(client, 1).front().status == 100);
  client->send("abc");
  CHECK(server.answers(client, 2).back().body == "3");
}

TEST_CASE("a request that does not arrive in time is answered with 408, in its head and in its body") {
  for (const std::string& part : {std::string("GET /text/x HT"), put_head(100) + "abc"}) {
    CAPTURE(part);
    SessionFixture server;
    const auto client = server.connect();
    client->send(part);
    server.until([&] { return client->sent(); });
    server.settle();
    server.pass(server.limits.head_time / 2);
    server.settle();
    CHECK(client->received.empty());
    server.pass(kLongerThanAnyLimit);
    CHECK(server.all(client).starts_with("HTTP/1.1 408 "));
    CHECK(server.requests.empty());
  }
}

TEST_CASE("a connection that nobody uses is closed after its time, without a word") {
  SessionFixture server;
  const auto client = server.connect();
  server.pass(server.limits.idle_time / 2);
  server.settle();
  CHECK_FALSE(client->ended);
  server.pass(kLongerThanAnyLimit);
  CHECK(server.all(client).empty());
  server.settle();
  CHECK(server.core->sessions.empty());
}

TEST_CASE("an answer may take as long as it needs") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/later"));
  server.until([&] { return server.replies.size() == 1; });
  server.pass(kLongerThanAnyLimit);
  server.replies.front()(text("at last"));
  CHECK(server.answers(client, 1).front().body == "at last");
}

TEST_CASE("a client that closed its sending side still gets its answer") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/later"));
  client->half_close();
  server.until([&] { return server.replies.size() == 1; });
  server.replies.front()(text("here"));
  server.replies.clear();  // a handler keeps none that it has given
  CHECK(server.all(client).ends_with("here"));
}

TEST_CASE("a client that ends in the middle of a request gets no answer") {
  for (const std::string& part : {std::string(), std::string("GET /text/x HT"), put_head(100) + "abc"}) {
    CAPTURE(part);
    SessionFixture server;
    const auto client = server.connect();
    client->send(part);
    client->half_close();
    CHECK(server.all(client).empty());
    CHECK(server.requests.empty());
    CHECK(server.core->sessions.empty());
  }
}

TEST_CASE("a reply to a client that has left does no harm") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/later"));
  server.until([&] { return server.replies.size() == 1; });
  client->leave();
  server.settle();
  server.replies.front()(text("nobody"));
  server.replies.clear();
  server.settle();
  CHECK(server.core->sessions.empty());
}

TEST_CASE("large bodies are read a few at a time, and the others wait for their turn") {
  SessionFixture server(small_limits());
  const std::string body(10'000, 'x');
  const auto first = server.connect();
  first->send(put_head(body.size()) + "x");
  server.settle();
  CHECK(server.core->large_bodies == 1);
  const auto second = server.connect();
  second->send(put(body));
  const auto chunked = server.connect();
  chunked->send(std::format("{}3\r\nabc\r\n0\r\n\r\n", kChunked));
  const auto small = server.connect();
  small->send(put("abc"));
  CHECK(server.answers(small, 1).front().body == "3");
  server.settle();
  CHECK(server.core->waiting_for_body.size() == 2);
  CHECK(second->received.empty());

  first->send(body.substr(1));
  CHECK(server.answers(first, 1).front().body == "10000");
  CHECK(server.answers(second, 1).front().body == "10000");
  CHECK(server.answers(chunked, 1).front().body == "3");
  CHECK(server.core->large_bodies == 0);
}

TEST_CASE("whoever leaves in the middle of a large body, or while waiting for one, is not in the way of others") {
  SessionFixture server(small_limits());
  const auto first = server.connect();
  first->send(put_head(10'000) + "x");
  server.settle();
  const auto leaving = server.connect();
  leaving->send(put_head(10'000) + "x");
  server.settle();
  const auto last = server.connect();
  last->send(put(std::string(10'000, 'x')));
  server.settle();
  CHECK(server.core->waiting_for_body.size() == 2);
  leaving->leave();
  first->leave();
  CHECK(server.answers(last, 1).front().status == 200);
  CHECK(server.core->large_bodies == 0);
}

TEST_CASE("a large body whose turn does not come in time is closed") {
  SessionFixture server(small_limits());
  const auto first = server.connect();
  first->send(put_head(10'000) + "x");
  server.settle();
  const auto second = server.connect();
  second->send(put(std::string(10'000, 'x')));
  server.settle();
  server.pass(kLongerThanAnyLimit);
  CHECK(server.all(second).empty());
  CHECK(server.all(first).starts_with("HTTP/1.1 408 "));
  server.settle();
  CHECK(server.core->large_bodies == 0);
  CHECK(server.core->waiting_for_body.empty());
}

TEST_CASE("a stream sends what comes, and ends with its last chunk") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/stream"));
  server.until([&] { return server.stream != nullptr; });
  CHECK(server.stream->send("one\n"));
  CHECK(server.stream->send("two\n"));
  server.until([&] { return client->received.contains("two"); });
  CHECK(client->received.contains("Transfer-Encoding: chunked"));
  CHECK(client->received.ends_with("4\r\none\n\r\n4\r\ntwo\n\r\n"));
  server.stream->close();
  CHECK_FALSE(server.stream->send("three\n"));
  CHECK(server.all(client).ends_with("two\n\r\n0\r\n\r\n"));
  server.settle();
  CHECK(server.gone == 1);
}

TEST_CASE("what was sent before a stream is closed arrives") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/stream"));
  server.until([&] { return server.stream != nullptr; });
  server.stream->send(std::string(200'000, 'x'));
  server.stream->send("end");
  server.stream->close();
  CHECK(server.all(client).ends_with("3\r\nend\r\n0\r\n\r\n"));
}

TEST_CASE("a stream whose client leaves says so once, and takes nothing any more") {
  SessionFixture server;
  const auto client = server.connect();
  client->send(get("/stream"));
  server.until([&] { return server.stream != nullptr; });
  client->leave();
  server.until([&] { return server.gone == 1; });
  CHECK_FALSE(server.stream->send("nobody"));
  server.stream->close();
  server.settle();
  CHECK(server.gone == 1);
  CHECK(server.core->sessions.empty());
}

TEST_CASE("a client that does not read is cut off before much piles up") {
  SessionFixture server(small_limits());
  bulkhead::testing::LocalSocket here(server.loop);
  bulkhead::testing::LocalSocket there(server.loop);
  boost::asio::local::connect_pair(here, there);
  start_local_session(server.core, *server.listener, std::move(there));
  const std::string request = get("/stream");
  REQUIRE(here.write_some(boost::asio::buffer(request)) == request.size());
  server.until([&] { return server.stream != nullptr; });
  std::size_t sent = 0;
  while (server.stream->send(std::string(64U << 10U, 'x'))) {
    sent += 64U << 10U;
    server.settle();
    REQUIRE(sent < 16U << 20U);
  }
  CHECK(sent >= server.limits.stream_backlog);
  server.until([&] { return server.gone == 1; });
}

TEST_CASE("events come with a sign of life when nothing happens, other streams do not") {
  SessionFixture server;
  const auto events = server.connect();
  events->send(get("/events"));
  server.until([&] { return server.stream != nullptr; });
  server.pass(std::chrono::minutes(1));
  server.until([&] { return events->received.contains(": still here\n\n"); });
  server.stream.reset();

  const auto other = server.connect();
  other->send(get("/stream"));
  server.until([&] { return server.stream != nullptr; });
  server.settle();
  const std::string before = other->received;
  server.pass(kLongerThanAnyLimit);
  server.settle();
  CHECK(other->received == before);
  CHECK_FALSE(other->ended);
}
