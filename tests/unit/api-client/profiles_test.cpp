#include "api-client/profiles.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/net/well_known.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::client;
using testing::must;

namespace {

const std::string kDigest(64, 'a');

Profiles two() {
  return {{"a.b", {.host = "10.0.0.9", .port = 1, .ca_file = "/ca \"x\"", .certificate_file = "/c", .key_file = "/k"}},
          {"web1", {.host = "web1.example", .port = 8443, .fingerprint = must(Sha256::parse(kDigest))}}};
}

}  // namespace

TEST_CASE("profiles are read as they were written") {
  CHECK(must(parse_profiles(to_toml(two()), "x")) == two());
  CHECK(must(parse_profiles("", "x")).empty());
  CHECK(must(parse_profiles("[a]\nhost = \"h\"\n", "x")).at("a").port == net::kApiPort);
}

TEST_CASE("a mistake in the file of profiles has a place") {
  for (const char* text :
       {"a = 1", "[a]\n", "[a]\nhost = 1", "[a]\nhost = \"h\"\nprot = 1", "[a]\nhost = \"h\"\nport = 70000",
        "[a]\nhost = \"h\"\nfingerprint = \"ab\"", "[a]\nhost = \"h\"\nkey = \"/k\"", "[\"a b\"]\nhost = \"h\""}) {
    INFO(text);
    const auto profiles = parse_profiles(text, "profiles.toml");
    REQUIRE_FALSE(profiles);
    CHECK(profiles.error().code == ErrorCode::invalid_argument);
    CHECK(profiles.error().message.starts_with("profiles.toml:"));
  }
}

TEST_CASE("a node is found by its profile, by its address, or is any host") {
  const Profiles profiles = two();
  CHECK(must(find_node(profiles, "web1")).fingerprint);
  CHECK(must(find_node(profiles, "10.0.0.9:1")).ca_file == "/ca \"x\"");
  CHECK(must(find_node(profiles, "10.0.0.9")) == net::TlsEndpoint{.host = "10.0.0.9", .port = net::kApiPort});
  CHECK_FALSE(find_node(profiles, "a b"));
}

TEST_CASE("fingerprints are taken as tools print them") {
  std::string colons;
  for (int i = 0; i < 32; ++i) colons += i == 0 ? "AA" : ":AA";
  CHECK(must(parse_fingerprint(colons)) == must(Sha256::parse(kDigest)));
  CHECK(must(parse_fingerprint("sha256:" + kDigest)) == must(Sha256::parse(kDigest)));
  CHECK_FALSE(parse_fingerprint("aa"));
}

TEST_CASE("no file is no profile, and a saved one is private") {
  const auto scratch = must(sys::TempDir::create("/tmp", "profiles-"));
  const sys::Path file = scratch.path() / "a/b/profiles.toml";
  CHECK(must(load_profiles(file)).empty());
  must(save_profiles(file, two()));
  CHECK(must(load_profiles(file)) == two());
  CHECK(std::filesystem::status(file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}
