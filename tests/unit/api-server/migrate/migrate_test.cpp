#include "api-server/migrate/migrate.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "api-server/datastore/datastore.hpp"
#include "lib/base/text.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::migrate;
using bulkhead::testing::must;
using settings::Flat;
using settings::Json;
using settings::Key;

namespace {

Key key(const char* text) { return Key::parse(text).value(); }

// 1 -> 2 renames a key and everything below it, 2 -> 3 replaces a value.
Result<Flat> rename_ntp(Flat values) { return renamed(std::move(values), key("ntp"), key("time")); }
Result<Flat> rename_time(Flat values) { return renamed(std::move(values), key("time"), key("ntp")); }
Result<Flat> to_strict(Flat values) { return replaced(std::move(values), key("lockdown"), "integrity", "strict"); }
Result<Flat> to_integrity(Flat values) { return replaced(std::move(values), key("lockdown"), "strict", "integrity"); }
Result<Flat> refuse(Flat /*values*/) { return fail(ErrorCode::invalid_argument, "no"); }

constexpr std::array kSteps = {
    Step{.from = 1, .doc = "ntp is called time", .forward = rename_ntp, .backward = rename_time},
    Step{.from = 2, .doc = "integrity is called strict", .forward = to_strict, .backward = to_integrity},
};
// What an older system knows: nothing of what came after it.
constexpr std::span<const Step> kNone{};
constexpr std::span<const Step> kOne = std::span(kSteps).first(1);

struct Node {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();

  Opened boot(int version, std::span<const Step> steps) {
    return must(migrate::migrate(directory.path(), version, steps));
  }
  datastore::Datastore open(const Opened& opened) {
    return must(datastore::Datastore::open(must(datastore::FileStorage::open(opened.path)),
                                           [] { return std::chrono::sys_time<std::chrono::milliseconds>(); }));
  }
  Flat live(const Opened& opened) { return open(opened).live(); }
  void set(const Opened& opened, const char* name, const Json& value) {
    auto store = open(opened);
    must(store.stage("test", {{.key = key(name), .value = value}}));
    must(store.commit("test", "test"));
  }
  void bless(int version, const Opened& opened, std::span<const Step> steps) {
    must(migrate::bless(directory.path(), version));
    write_back(version, opened, steps);
  }
  bool write_back(int version, const Opened& opened, std::span<const Step> steps) {
    const auto store = open(opened);
    return must(migrate::write_back(directory.path(), version, store.live(), store.last_commit(), steps));
  }
  std::string content(int version) { return must(sys::read_file(directory.path() / file_name(version))); }
};

// A node that ran version 1 with a setting and was blessed.
Node node_of_version_1() {
  Node node;
  const Opened first = node.boot(1, kNone);
  CHECK(first.origin == Origin::fresh);
  node.set(first, "ntp.servers", Json({"a"}));
  node.bless(1, first, kNone);
  return node;
}

}  // namespace

TEST_CASE("a new node has no settings, and the next boot opens the same file") {
  Node node = node_of_version_1();
  const Opened again = node.boot(1, kNone);
  CHECK(again.origin == Origin::same);
  CHECK(again.path.filename() == "settings-1");
  CHECK(node.live(again).size() == 1);
}

TEST_CASE("first settings that were never blessed do not count for another version, older or newer") {
  for (const int other : {1, 3}) {
    Node node;
    const Opened first = node.boot(2, kOne);
    CHECK(first.origin == Origin::fresh);
    node.set(first, "time.servers", Json({"a"}));
    CHECK(node.boot(2, kOne).origin == Origin::trial);  // its own second try
    const Opened instead = node.boot(other, kNone);
    CHECK(instead.origin == Origin::fresh);
    CHECK(instead.path.filename() == file_name(other));
    node.set(instead, "motd", "mine");
    node.bless(other, instead, kNone);
    CHECK(node.boot(other, kNone).origin == Origin::same);
  }
}

TEST_CASE("a new version gets the settings in its own form, and the old file stays as it was") {
  Node node = node_of_version_1();
  const std::string before = node.content(1);
  const Opened second = node.boot(2, kOne);
  CHECK(second.origin == Origin::forward);
  CHECK(second.from == 1);
  CHECK(node.live(second) == Flat{{key("time.servers"), Json({"a"})}});
  CHECK(node.open(second).last_commit() == 1);
  CHECK(node.content(1) == before);
  struct stat status{};
  REQUIRE(::stat(second.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("a trial that is given up leaves the old settings, and the next trial starts from them") {
  Node node = node_of_version_1();
  const std::string before = node.content(1);
  const Opened trial = node.boot(2, kOne);
  node.set(trial, "motd", "from the trial");
  CHECK(!node.write_back(2, trial, kOne));
  const Opened next_try = node.boot(2, kOne);
  CHECK(next_try.origin == Origin::trial);
  CHECK(node.live(next_try).size() == 2);

  const Opened fallen_back = node.boot(1, kNone);
  CHECK(fallen_back.origin == Origin::same);
  CHECK(node.content(1) == before);
  node.set(fallen_back, "motd", "since then");

  const Opened retry = node.boot(2, kOne);
  CHECK(retry.origin == Origin::forward);
  CHECK(node.live(retry) == Flat{{key("motd"), "since then"}, {key("time.servers"), Json({"a"})}});
}

TEST_CASE("after a blessing, going back takes along what was set since, though the old system knows no way") {
  Node node = node_of_version_1();
  const Opened second = node.boot(2, kOne);
  node.bless(2, second, kOne);
  node.set(second, "time.servers", Json({"b"}));
  CHECK(node.write_back(2, second, kOne));

  const Opened back = node.boot(1, kNone);
  CHECK(back.origin == Origin::written_back);
  CHECK(back.from == 2);
  CHECK(node.live(back) == Flat{{key("ntp.servers"), Json({"b"})}});
  CHECK(node.open(back).last_commit() == 2);

  // Not blessed: version 2 finds its settings as they were. Blessed: it takes over what was set on version 1.
  node.set(back, "motd", "on 1");
  CHECK(node.live(node.boot(2, kOne)) == Flat{{key("time.servers"), Json({"b"})}});
  const Opened again = node.boot(1, kNone);
  node.set(again, "motd", "on 1 again");
  node.bless(1, again, kNone);
  const Opened forward = node.boot(2, kOne);
  CHECK(forward.origin == Origin::forward);
  CHECK(node.live(forward) == Flat{{key("motd"), "on 1 again"}, {key("time.servers"), Json({"b"})}});
}

TEST_CASE("going back by a table that knows the steps makes the settings anew") {
  Node node = node_of_version_1();
  const Opened second = node.boot(2, kSteps);
  node.bless(2, second, kSteps);
  node.set(second, "motd", "not written back yet");
  const Opened back = node.boot(1, kSteps);
  CHECK(back.origin == Origin::backward);
  CHECK(node.live(back) == Flat{{key("motd"), "not written back yet"}, {key("ntp.servers"), Json({"a"})}});
}

TEST_CASE("several versions are one way") {
  Node node = node_of_version_1();
  const Opened first = node.boot(1, kNone);
  node.set(first, "lockdown", "integrity");
  const Opened third = node.boot(3, kSteps);
  CHECK(node.live(third) == Flat{{key("lockdown"), "strict"}, {key("time.servers"), Json({"a"})}});
  node.bless(3, third, kSteps);
  CHECK(node.live(node.boot(1, kNone)) == Flat{{key("lockdown"), "integrity"}, {key("ntp.servers"), Json({"a"})}});
}

TEST_CASE("settings of a newer version without a way back are refused, and nothing is touched") {
  Node node;
  const Opened third = node.boot(3, kSteps);
  node.set(third, "motd", "x");
  node.bless(3, third, kSteps);
  const std::string before = node.content(3);
  const auto refused = migrate::migrate(node.directory.path(), 2, kNone);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::failed_precondition);
  CHECK(node.content(3) == before);
  CHECK(node.live(node.boot(3, kSteps)) == Flat{{key("motd"), "x"}});
}

TEST_CASE("a step that fails changes nothing, and says which one it was") {
  Node node = node_of_version_1();
  const std::array bad = {Step{.from = 1, .doc = "the impossible", .forward = refuse, .backward = refuse}};
  const auto failed = migrate::migrate(node.directory.path(), 2, bad);
  REQUIRE(!failed);
  CHECK(failed.error().describe().contains("from model version 1 to 2 (the impossible)"));
  CHECK(!sys::exists(node.directory.path() / "settings-2"));
  CHECK(node.boot(1, kNone).origin == Origin::same);
}

TEST_CASE("a lost or damaged record of the lineage costs no settings") {
  for (const char* text : {"", "{}", "[1]", R"({"format":1,"good":"x"})", R"({"format":1,"good":1,"trial":"x"})"}) {
    Node node = node_of_version_1();
    must(sys::write_file_atomically(node.directory.path() / kLineageFile, text));
    CHECK(node.live(node.boot(1, kNone)).size() == 1);
    must(sys::write_file_atomically(node.directory.path() / kLineageFile, text));
    CHECK(node.live(node.boot(2, kOne)) == Flat{{key("time.servers"), Json({"a"})}});
  }
}

TEST_CASE("a torn last commit of the old file does not count, and is not cut off either") {
  Node node = node_of_version_1();
  const std::string torn = node.content(1) + "0123456789abcdef {\"id\":2";
  must(sys::write_file_atomically(node.directory.path() / file_name(1), torn));
  CHECK(node.live(node.boot(2, kOne)) == Flat{{key("time.servers"), Json({"a"})}});
  CHECK(node.content(1) == torn);
}

TEST_CASE("power may go away between any two writes") {
  // Each story is a list of plans; after any beginning of the writes of one, planning again ends in the same state.
  const auto base = [](int id, Flat values) {
    return datastore::to_line(datastore::Base{.id = static_cast<std::uint64_t>(id), .values = std::move(values)});
  };
  const Flat old{{key("ntp.servers"), Json({"a"})}};
  const Flat fresh{{key("time.servers"), Json({"b"})}};
  const std::vector<std::pair<StoredFiles, int>> stories = {
      {StoredFiles{.lineage = Lineage{.good = 1}, .files = {{1, base(4, old)}}}, 2},
      {StoredFiles{.lineage = std::nullopt, .files = {{1, base(4, old)}}}, 2},
      {StoredFiles{.lineage = Lineage{.good = 1, .trial = 3}, .files = {{1, base(4, old)}, {2, base(3, fresh)}}}, 2},
      {StoredFiles{.lineage = Lineage{.good = 2, .way_back = 1}, .files = {{1, base(4, old)}, {2, base(5, fresh)}}}, 1},
      {StoredFiles{.lineage = Lineage{.good = 1, .trial = 2}, .files = {{1, base(4, old)}, {2, base(5, fresh)}}}, 1},
  };
  const auto apply = [](StoredFiles state, std::span<const Write> writes) {
    for (const Write& write : writes) {
      if (write.name == kLineageFile)
        state.lineage = parse_lineage(write.content);
      else
        state.files[must(parse_integer<int>(std::string_view(write.name).substr(9)))] = write.content;
    }
    return state;
  };
  for (const auto& [state, version] : stories) {
    const MigrationPlan whole = must(plan_migration(state, version, kSteps));
    const StoredFiles end = apply(state, whole.writes);
    for (std::size_t done = 0; done <= whole.writes.size(); ++done) {
      const StoredFiles cut = apply(state, std::span(whole.writes).first(done));
      // The settings that count are untouched, so that the other slot finds them.
      if (state.lineage) CHECK(cut.files.at(state.lineage->good) == state.files.at(state.lineage->good));
      const StoredFiles again = apply(cut, must(plan_migration(cut, version, kSteps)).writes);
      CHECK(again.files == end.files);
      CHECK(again.lineage == end.lineage);
    }
  }
}

TEST_CASE("only the file that the settings come from is read") {
  Node node = node_of_version_1();
  // As many as fit on a disk: each is sparse, and larger than the memory.
  const auto leave = [&](int version) {
    const sys::Path path = node.directory.path() / file_name(version);
    std::ofstream(path).close();
    std::filesystem::resize_file(path, std::uint64_t{1} << 40U);
  };
  for (int version = 3; version < 300; ++version) leave(version);
  CHECK(node.boot(1, kNone).origin == Origin::same);
  CHECK(node.live(node.boot(2, kOne)).size() == 1);
  std::filesystem::remove(node.directory.path() / kLineageFile);
  CHECK(node.boot(1, kNone).origin == Origin::same);
  leave(1);
  CHECK(migrate::migrate(node.directory.path(), 2, kOne).error().code == ErrorCode::failed_precondition);

  std::filesystem::remove(node.directory.path() / kLineageFile);
  for (int version = 1000; version < 6000; ++version) std::ofstream(node.directory.path() / file_name(version)).close();
  CHECK(migrate::migrate(node.directory.path(), 2, kOne).error().code == ErrorCode::failed_precondition);
}

TEST_CASE("which file is read follows from the lineage") {
  const auto read = [](std::optional<Lineage> lineage, std::vector<int> versions, int model_version) {
    StoredFiles state{.lineage = lineage, .files = {}};
    for (const int version : versions) state.files[version];
    return version_to_read(state, model_version, kSteps);
  };
  CHECK(!read({}, {}, 2));
  CHECK(!read(Lineage{.good = kNothingGood, .trial = 1}, {1, 2}, 2));
  CHECK(!read(Lineage{.good = 2}, {1, 2}, 2));
  CHECK(!read(Lineage{.good = 1, .trial = 2}, {1, 2}, 2));
  CHECK(!read(Lineage{.good = 1}, {2}, 2));
  CHECK(read(Lineage{.good = 1}, {1, 2}, 2) == 1);
  CHECK(read(Lineage{.good = 3}, {1, 3}, 2) == 3);
  CHECK(read({}, {1, 3}, 2) == 1);
  CHECK(!read(Lineage{.good = 9}, {2, 9}, 2));  // no steps lead here
}

TEST_CASE("helpers of steps move, remove and replace whole tables") {
  const Flat values{{key("a.b"), 1}, {key("a.c.d"), 2}, {key("ab"), 3}};
  CHECK(renamed(values, key("a"), key("x.y")) == Flat{{key("ab"), 3}, {key("x.y.b"), 1}, {key("x.y.c.d"), 2}});
  CHECK(renamed(values, key("a.b"), key("ab")) == Flat{{key("a.c.d"), 2}, {key("ab"), 1}});
  CHECK(renamed(values, key("a"), key("a.z")) == Flat{{key("a.z.b"), 1}, {key("a.z.c.d"), 2}, {key("ab"), 3}});
  CHECK(removed(values, key("a")) == Flat{{key("ab"), 3}});
  CHECK(replaced(values, key("a"), 2, 9) == Flat{{key("a.b"), 1}, {key("a.c.d"), 9}, {key("ab"), 3}});
  CHECK(parse_lineage(to_text({.good = 2, .trial = 3, .way_back = 1})) ==
        Lineage{.good = 2, .trial = 3, .way_back = 1});
}
