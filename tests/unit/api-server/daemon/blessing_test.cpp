#include "api-server/daemon/blessing.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/daemon/fake_timer.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::FakeTimer;
using bulkhead::testing::must;
using settings::Flat;
using settings::Key;

namespace {

constexpr std::array kSteps = {
    migrate::Step{.from = 1,
                  .doc = "greeting becomes motd",
                  .forward = [](Flat values) -> Result<Flat> {
                    return migrate::renamed(std::move(values), Key({"greeting"}), Key({"motd"}));
                  },
                  .backward = [](Flat values) -> Result<Flat> {
                    return migrate::renamed(std::move(values), Key({"motd"}), Key({"greeting"}));
                  }}};
constexpr Model kFirst{.version = 1, .steps = {}};
const Model kSecond{.version = 2, .steps = kSteps};

datastore::Datastore open(const sys::Path& directory, const Model& model) {
  const auto opened = must(migrate::migrate(directory, model.version, model.steps));
  return must(datastore::Datastore::open(must(datastore::FileStorage::open(opened.path)),
                                         [] { return std::chrono::sys_time<std::chrono::milliseconds>(); }));
}

void set_to(datastore::Datastore& store, const Key& key, const char* value) {
  must(store.stage("t", {{.key = key, .value = value}}));
  must(store.commit("t", "test"));
}

// A node that was blessed with version 1 of the model and is now in its first boot with version 2.
struct BlessingFixture {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  log::Log log{log::Log::Sink::standard_error};
  FakeTimer timer;
  datastore::Datastore store = prepared();
  Blessing blessing{directory.path(), kSecond, store, timer, log};

  datastore::Datastore prepared() {
    auto old = open(directory.path(), kFirst);
    set_to(old, Key({"greeting"}), "old");
    must(migrate::bless(directory.path(), kFirst.version));
    return open(directory.path(), kSecond);
  }
  void commit(const char* motd) {
    set_to(store, Key({"motd"}), motd);
    blessing.committed();
  }
  // What the version before would find.
  std::string written_back() const {
    const auto copy = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
    for (const char* name : {"settings-1", "settings-lineage"})
      must(sys::write_file_atomically(copy.path() / name, must(sys::read_file(directory.path() / name))));
    const auto old = open(copy.path(), kFirst);
    const auto found = old.live().find(Key({"greeting"}));
    return found == old.live().end() ? "" : found->second.get<std::string>();
  }
};

}  // namespace

TEST_CASE("before the node is ready, the settings of the version before stay as they were") {
  BlessingFixture fixture;
  fixture.commit("new");
  CHECK_FALSE(fixture.timer.running());
  CHECK(fixture.written_back() == "old");
}

TEST_CASE("when the node is ready its settings count, and are written back") {
  BlessingFixture fixture;
  fixture.commit("new");
  fixture.blessing.node_ready();
  CHECK(fixture.written_back() == "new");
  CHECK(must(migrate::migrate(fixture.directory.path(), 2, kSteps)).origin == migrate::Origin::same);
}

TEST_CASE("a version is blessed once") {
  BlessingFixture fixture;
  fixture.blessing.node_ready();
  const sys::Path lineage = fixture.directory.path() / migrate::kLineageFile;
  must(sys::write_file_atomically(lineage, "mark"));
  fixture.blessing.node_ready();
  CHECK(must(sys::read_file(lineage)) == "mark");
}

TEST_CASE("a burst of commits is written back once, after the answers") {
  BlessingFixture fixture;
  fixture.blessing.node_ready();
  for (const char* motd : {"a", "b", "c"}) fixture.commit(motd);
  CHECK(fixture.timer.times_set == 1);
  CHECK(fixture.timer.delay == Blessing::kWriteBackAfter);
  CHECK(fixture.written_back() == "old");
  REQUIRE(fixture.timer.expire());
  CHECK(fixture.written_back() == "c");
  CHECK_FALSE(fixture.timer.running());

  fixture.commit("d");
  REQUIRE(fixture.timer.expire());
  CHECK(fixture.written_back() == "d");
}

TEST_CASE("what cannot be written ends nothing") {
  BlessingFixture fixture;
  Blessing blessing("/proc/none", kSecond, fixture.store, fixture.timer, fixture.log);
  blessing.node_ready();
  blessing.committed();
  CHECK(fixture.timer.expire());
}
