#include "node/firewall/ruleset.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sched.h>

#include "lib/sys/temp_dir.hpp"
#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using firewall::Mode;
using render::testing::content;
using render::testing::Json;

namespace {

// A network of its own for this process: an ordinary user needs a user namespace around it.
bool have_own_network() {
  static const bool made = ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
  return made;
}

class Rules {
 public:
  explicit Rules(const std::string& text) {
    if (!have_own_network()) SKIP("this host does not let the test make a network namespace");
    REQUIRE(sys::write_file_atomically(path(), text));
  }
  sys::Path path() const { return directory_.path() / "rules.nft"; }
  Result<> check() const { return firewall::apply_ruleset(path(), Mode::check); }
  Result<> load() const { return firewall::apply_ruleset(path(), Mode::load); }

 private:
  sys::TempDir directory_ = sys::TempDir::create("/tmp", "ruleset").value();
};

std::string why_not(const Result<>& result) { return result ? "" : result.error().describe(); }

}  // namespace

TEST_CASE("the kernel takes what settings become, and takes it again") {
  const char* const changes[] = {
      "{}",
      R"({"network": {"firewall": {"enabled": false}}})",
      R"({"api": {"client-ca": ""},
          "network": {"firewall": {"open-ports": ["22/tcp", "22/tcp", "20-30/tcp", "30000-32767/udp"]},
                      "containers": {"subnet": "10.99.0.0/20", "ipv6-subnet": "fd00:88::/64"}}})",
      R"({"network": {"containers": {"ipv6-subnet": "fd00:88::/64", "metadata-access": true}}})",
      R"({"kubernetes": {"api-server": "https://10.0.0.2:6443"}})",
      R"({"kubernetes": {"api-server": "https://10.0.0.2:6443"}, "network": {"firewall": {"enabled": false}}})",
  };
  for (const char* change : changes) {
    INFO(change);
    const Rules rules(content(Json::parse(change), "/etc/nftables.conf"));
    CHECK(why_not(rules.check()) == "");
    CHECK(why_not(rules.load()) == "");
    CHECK(why_not(rules.load()) == "");
  }
}

TEST_CASE("a mistake is told with its place, in one line, and nothing is loaded") {
  const Rules rules("table inet t {\n  chain c {\n    tcp dport nothing accept\n  }\n}\n");
  const auto result = rules.load();
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::invalid_argument);
  CHECK(result.error().message.contains("rules.nft:3:15"));
  CHECK(!result.error().message.contains('\n'));
  CHECK(!Rules("delete table inet t\n").load());
}

TEST_CASE("rules are loaded all or none") {
  const Rules rules("table inet first {}\ndelete table inet not_there\n");
  CHECK(!rules.load());
  CHECK(!Rules("delete table inet first\n").load());
}

TEST_CASE("a check changes nothing") {
  CHECK(why_not(Rules("table inet checked {}\n").check()) == "");
  CHECK(!Rules("delete table inet checked\n").load());
}

TEST_CASE("a file that is not there is named") {
  const auto result = firewall::apply_ruleset("/nonexistent/rules.nft", Mode::check);
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::not_found);
  CHECK(result.error().describe().contains("/nonexistent/rules.nft"));
}
