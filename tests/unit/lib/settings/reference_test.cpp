#include "lib/settings/reference.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/settings/settings.hpp"
#include "tests/support/golden.hpp"

using namespace bulkhead;
using namespace bulkhead::settings;

TEST_CASE("docs/settings.md is what the declarations say") {
  CHECK(testing::matches_golden("../../docs/settings.md", reference_page(Settings::shape())) == "");
}

TEST_CASE("a key is explained with all that is known about it") {
  CHECK(explain(Settings::shape(), Key::parse("updates.version-lock").value()).value() ==
        "updates.version-lock\n"
        "  The version to update to, or \"latest\".\n"
        "  value     a version (\"latest\" or MAJOR.MINOR.PATCH)\n"
        "  default   \"latest\"\n"
        "  example   \"1.4.0\"\n"
        "  affects   updater\n"
        "  since     0.1.0\n"
        "  role      only an admin may change it\n");
  CHECK_FALSE(explain(Settings::shape(), Key::parse("motd").value())->contains("admin"));
  CHECK(explain(Settings::shape(), Key::parse("aws.credentials").value())->contains("never shown"));
  CHECK(explain(Settings::shape(), Key::parse("pki.mine").value())->contains("pki.mine.trusted"));
  CHECK(explain(Settings::shape(), Key())->contains("kubernetes"));
}

TEST_CASE("explaining an unknown key names the nearest") {
  CHECK(explain(Settings::shape(), Key::parse("updates.seeed").value()).error().message ==
        "there is no setting 'updates.seeed'; the nearest is 'updates.seed'");
}
