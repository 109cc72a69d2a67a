#include "api-server/daemon/access.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/private_key.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/heap_watch.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::must;

namespace {

constexpr auto kNotAfter = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

settings::Api example() {
  return settings::Settings::from_json(
             {{"api",
               {{"roles", {{{"subject", "ops-*"}, {"role", "admin"}}, {{"subject", "monitor"}, {"role", "reader"}}}},
                {"revoked", {"0A:1b:2C"}}}}})
      .value()
      .api;
}

http::ClientCertificate certificate(const char* name, const char* serial = "77", const char* verify_error = "") {
  return {.present = true, .verify_error = verify_error, .common_name = name, .serial = serial, .not_after = kNotAfter};
}

}  // namespace

TEST_CASE("roles come from the common name, the first entry that fits counts") {
  const settings::Api api = example();
  CHECK(who_is(certificate("ops-1"), api).role == Role::admin);
  CHECK(who_is(certificate("monitor"), api).role == Role::reader);
  CHECK(who_is(certificate("monitor-2"), api).role == std::nullopt);
  CHECK(who_is(certificate(""), api).role == std::nullopt);
  CHECK(who_is(certificate("ops-1"), api).name == "certificate ops-1 (77)");
}

TEST_CASE("who is not known has no name, who is known and may nothing has one") {
  const settings::Api api = example();
  CHECK(who_is({}, api).name.empty());
  CHECK(who_is({}, api).refused.contains("client certificate"));
  const http::Peer expired = who_is(certificate("ops-1", "77", "certificate has expired"), api);
  CHECK(expired.name.empty());
  CHECK(expired.refused.contains("expired"));
  const http::Peer revoked = who_is(certificate("ops-1", "0a1b2c"), api);
  CHECK(revoked.role == std::nullopt);
  CHECK(revoked.name == "certificate ops-1 (0a1b2c)");
  CHECK(revoked.refused.contains("revoked"));
  CHECK(who_is(certificate("ops-1"), api, kNotAfter).role == Role::admin);
  const http::Peer late = who_is(certificate("ops-1"), api, kNotAfter + std::chrono::seconds(1));
  CHECK(late.role == std::nullopt);
  CHECK(late.refused.contains("expired"));
}

TEST_CASE("on the socket, the user decides, then the group") {
  const Accounts accounts{.imds = 990, .api = 274};
  const auto role_of = [&](uid_t uid, std::vector<gid_t> groups) {
    return who_is_local({.uid = uid, .pid = 7, .groups = std::move(groups)}, accounts).role;
  };
  CHECK(role_of(0, {0}) == Role::admin);
  CHECK(role_of(4711, {4711, 274}) == Role::reader);
  CHECK(role_of(4711, {4711}) == std::nullopt);
  CHECK(role_of(65534, {0}) == std::nullopt);  // the group root is nobody
  CHECK(who_is_local({.uid = 4711, .pid = 7, .groups = {}}, accounts).refused.contains("group api"));
  CHECK(who_is_local({.uid = 4711, .pid = 7, .groups = {}}, {}).role == std::nullopt);

  const http::Peer imds = who_is_local({.uid = 990, .pid = 7, .groups = {990, 274}}, accounts);
  CHECK(imds.role == std::nullopt);
  CHECK(imds.also == "PUT /v1/user-data");
  CHECK(imds.identity == "uid 990");
  CHECK(imds.name == "uid 990 (pid 7)");
}

TEST_CASE("over the socket for containers, everybody is a reader, root too") {
  const http::Peer root = who_is_container({.uid = 0, .pid = 7, .groups = {0}});
  CHECK(root.role == Role::reader);
  CHECK(root.identity == "container, uid 0");  // not the root of the node
  CHECK(root.also.empty());
}

TEST_CASE("the node's own certificate is made once and kept") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const ServerCertificate made = must(own_certificate(directory.path() / "api", "node-7"));
  CHECK(must(own_certificate(directory.path() / "api", "other")).certificates == made.certificates);
  const auto certificate = must(crypto::Certificate::parse_pem(made.certificates));
  CHECK(certificate.subject() == "CN=node-7");
  CHECK(must(http::server_context(
                 {.certificates = made.certificates, .key = made.key.copy(), .client_ca = made.certificates}))
            .native_handle() != nullptr);
}

TEST_CASE("what cannot be read or kept of the node's own certificate leaves no memory, no descriptor and no key") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const sys::Path unreadable_key = directory.path() / "unreadable-key";
  const sys::Path unwritable = directory.path() / "unwritable";
  must(sys::create_directories(unreadable_key / "key.pem"));  // a directory in a file's place
  must(sys::write_file_atomically(unreadable_key / "certificate.pem", std::string(2000, 'x')));
  must(sys::create_directories(unwritable / "certificate.pem"));
  int failures = 0;
  const auto fail_both = [&] {
    failures += own_certificate(unreadable_key, "node-7") ? 0 : 1;
    failures += own_certificate(unwritable, "node-7") ? 0 : 1;
    must(sys::remove_all(unwritable / "key.pem"));  // a new one each time
  };
  fail_both();  // what is allocated once and kept
  const std::size_t descriptors = testing::open_descriptors();
  const testing::HeapWatch watch(testing::kPrivateKeyText);
  for (int i = 0; i < 20; ++i) fail_both();
  const std::int64_t blocks = watch.blocks();
  const std::size_t with_key = watch.freed_with_secret();
  CHECK(blocks == 0);
  CHECK(with_key == 0);
  CHECK(testing::open_descriptors() == descriptors);
  CHECK(failures == 42);
}

TEST_CASE("a listener is only made when a client CA is set, and never from broken parts") {
  const ServerCertificate own{.certificates = "x", .key = crypto::SecretText("y")};
  CHECK_FALSE(must(remote_access({}, own)));
  CHECK_FALSE(http::server_context({.certificates = "x", .key = crypto::SecretText("y"), .client_ca = "z"}));
}
