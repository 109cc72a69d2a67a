#include "api-client/transaction.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <mutex>

#include "api-client/arguments.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::client;
using testing::FakeServer;
using testing::must;
using testing::Peer;

namespace {

// A node that takes everything but what begins with `refused`.
struct Node {
  std::string refused;
  std::mutex mutex{};
  std::vector<std::string> seen{};
  FakeServer server{[this](Peer& peer) { serve(peer); }};

  void serve(Peer& peer) {
    for (std::string request; !(request = peer.request()).empty();) {
      const std::string line = request.substr(0, request.find(" HTTP"));
      {
        const std::scoped_lock lock(mutex);
        seen.push_back(line);
      }
      const bool refuse = !refused.empty() && line.starts_with(refused);
      peer.send(refuse ? "HTTP/1.1 409 Conflict\r\nContent-Length: 18\r\n\r\n{\"message\": \"busy\"}"
                       : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
  }
};

}  // namespace

TEST_CASE("names of transactions say the verb and differ") {
  const std::string name = transaction_name("set");
  CHECK(name.starts_with("apiclient-set-"));
  CHECK(name.size() == std::string_view("apiclient-set-").size() + 16);
  CHECK(name != transaction_name("set"));
}

TEST_CASE("a committed transaction is not dropped") {
  Node node{.refused = {}};
  std::string name;
  {
    Api api = must(Api::open(node.server.endpoint()));
    Transaction transaction(api, "set");
    name = transaction.name();
    must(transaction.stage_pairs({"motd=x"}));
    must(transaction.commit(TryOptions{.seconds = 60}));
  }
  const std::scoped_lock lock(node.mutex);
  CHECK(node.seen ==
        std::vector<std::string>{"PATCH /settings/keypair?tx=" + name, "POST /v1/commit?tx=" + name + "&try=60"});
}

TEST_CASE("a transaction is dropped when staging or committing fails, and after a plan") {
  for (const char* refused : {"PATCH", "POST", "GET", ""}) {
    Node node{.refused = refused};
    std::string name;
    {
      Api api = must(Api::open(node.server.endpoint()));
      Transaction transaction(api, "set");
      name = transaction.name();
      const auto staged = transaction.stage_document({{"motd", "x"}});
      if (staged && transaction.plan()) CHECK((std::string_view(refused).empty() || !transaction.commit()));
      if (std::string_view(refused).empty()) continue;
      if (!staged) CHECK(staged.error().code == ErrorCode::aborted);
    }
    const std::scoped_lock lock(node.mutex);
    REQUIRE_FALSE(node.seen.empty());
    CHECK(node.seen.back() == "DELETE /tx?tx=" + name);
  }
}

TEST_CASE("a transaction in which nothing was staged is not mentioned") {
  Node node{.refused = {}};
  {
    Api api = must(Api::open(node.server.endpoint()));
    const Transaction transaction(api, "set");
  }
  const std::scoped_lock lock(node.mutex);
  CHECK(node.seen.empty());
}

TEST_CASE("raw is what options of raw without a verb mean") {
  const auto words = [](std::vector<const char*> given) { return with_default_verb(given); };
  using Words = std::vector<std::string>;
  CHECK(words({"apiclient", "-u", "/x"}) == Words{"apiclient", "raw", "-u", "/x"});
  CHECK(words({"apiclient", "-s", "/s", "-m", "GET", "-u", "/x"}) ==
        Words{"apiclient", "-s", "/s", "raw", "-m", "GET", "-u", "/x"});
  CHECK(words({"apiclient", "--uri=/x"}) == Words{"apiclient", "raw", "--uri=/x"});
  CHECK(words({"apiclient", "logs", "-u", "x"}) == Words{"apiclient", "logs", "-u", "x"});
  CHECK(words({"apiclient", "-s", "-u", "get"}) == Words{"apiclient", "-s", "-u", "get"});
  CHECK(words({"apiclient"}) == Words{"apiclient"});
}
