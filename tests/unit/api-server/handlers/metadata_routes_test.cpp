#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using settings::Json;

TEST_CASE("the system is described, whole or by prefix") {
  ApiFixture api;
  CHECK(api.ask("GET", "/os").json()["variant_id"] == "kvm");
  const Json versions{{"version_id", "7"}};
  CHECK(api.ask("GET", "/os?prefix=version").json() == versions);
  CHECK(api.ask("GET", "/os?prefix=os.version").json() == versions);
  CHECK(api.ask("GET", "/os?prefix=nothing").json() == Json::object());
}

TEST_CASE("a key says which services it is about") {
  ApiFixture api;
  const Json services = api.ask("GET", "/metadata/affected-services?keys=ntp.time-servers,motd").json();
  CHECK(services["settings.ntp.time-servers"].dump().contains("timesyncd"));
  CHECK(api.ask("GET", "/metadata/affected-services?keys=no-such").status() == 404);
  CHECK(api.ask("GET", "/metadata/affected-services").status() == 400);
}

TEST_CASE("only settings that a node works out by itself have a generator") {
  ApiFixture api;
  CHECK(api.ask("GET", "/metadata/setting-generators?keys=updates.seed,motd").json() ==
        Json{{"settings.updates.seed", "seed"}});
  CHECK(api.ask("GET", "/metadata/templates?keys=motd").json() == Json::object());
}

TEST_CASE("services have files and what is done when these change") {
  ApiFixture api;
  const Json all = api.ask("GET", "/services").json();
  CHECK(all.size() == render::services().size());
  const std::string name(render::services().front().name);
  const Json one = api.ask("GET", "/services?names=" + name).json();
  CHECK(one == Json{{name, all[name]}});
  for (const char* member : {"configuration-files", "restart-commands", "doc"}) CHECK(one[name].contains(member));
  CHECK(api.ask("GET", "/services?names=no-such").status() == 404);
}

TEST_CASE("files are those that are rendered from the settings in effect") {
  ApiFixture api;
  const Json all = api.ask("GET", "/configuration-files").json();
  REQUIRE(all.contains("/etc/hostname"));
  CHECK(all["/etc/hostname"]["mode"] == "0644");
  CHECK(api.ask("GET", "/configuration-files?names=/etc/hostname").json() ==
        Json{{"/etc/hostname", all["/etc/hostname"]}});
  CHECK(api.ask("GET", "/configuration-files?names=/etc/passwd").status() == 404);
}
