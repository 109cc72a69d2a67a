#include "lib/settings/key.hpp"

#include <catch2/catch_test_macros.hpp>

using bulkhead::settings::Key;

TEST_CASE("keys are read and written, with quotes only where they are needed") {
  for (const char* text : {"motd", "kubernetes.node-labels.\"example.com/role\"", "kernel.sysctl.\"vm.max_map_count\"",
                           "pki.a_b-1.data", "oci-defaults.capabilities.net-admin"}) {
    CHECK(Key::parse(text).value().to_string() == text);
  }
  CHECK(Key::parse("a.\"b\".c").value().to_string() == "a.b.c");
  CHECK(Key::parse("a.\"b.c\".d").value().segments() == std::vector<std::string>{"a", "b.c", "d"});
}

TEST_CASE("a leading \"settings\" is dropped") {
  CHECK(Key::parse("settings.motd") == Key::parse("motd"));
  CHECK(Key::parse("settings").value().empty());
  CHECK(Key::parse("settings-of-mine").value().to_string() == "settings-of-mine");
}

TEST_CASE("what is no key is refused, and the message says why") {
  for (const char* text :
       {"", ".", "a.", ".a", "a..b", "a b", "a.\"b", "a.\"\"", "a\"b\"", "a.\"b\"c", "a/b", "ä", "a.\"b\n\""}) {
    INFO(text);
    const auto key = Key::parse(text);
    REQUIRE(!key);
    CHECK(key.error().code == bulkhead::ErrorCode::invalid_argument);
  }
  CHECK(Key::parse("a b").error().message.contains("'a b' is not a key: a part with ' ' needs double quotes"));
  CHECK(!Key::parse(std::string(2000, 'a')));
}

TEST_CASE("a key lies below its ancestors and itself") {
  const Key key = Key::parse("a.b.c").value();
  CHECK(key.is_below(Key()));
  CHECK(key.is_below(Key::parse("a.b").value()));
  CHECK(key.is_below(key));
  CHECK(!key.is_below(Key::parse("a.bb").value()));
  CHECK(!Key::parse("a").value().is_below(key));
}
