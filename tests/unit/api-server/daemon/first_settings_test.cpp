#include "api-server/daemon/first_settings.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>

#include "lib/node_state/node_state.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/apply/fake_machine.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::must;
using configuration::ChangeOutcome;
using configuration::Configuration;

namespace {

// A node of files. boot() is a start of the server on what is there.
struct FirstSettingsFixture {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  Places places{.root = directory.path() / "root",
                .state = directory.path() / "state",
                .user_data = directory.path() / "user-data",
                .imds = directory.path() / "imds",
                .facts = directory.path() / "facts.json",
                .model = {.version = 1, .steps = {}}};
  log::Log log{log::Log::Sink::standard_error};
  testing::FakeSystemd systemd;
  testing::FakeKernel kernel;
  apply::Applier applier{places.root, systemd, kernel};
  ProblemList problems{log, std::nullopt, [] {}};
  std::unique_ptr<Configuration> configuration;
  std::unique_ptr<UserDataIntake> user_data;
  bool writable = false;
  bool fresh = false;

  FirstSettingsFixture() {
    must(user_data::make_directory(places.user_data));
    put("root/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put("root/usr/lib/os-release", "NAME=Bulkhead\nVERSION_ID=7\nVARIANT_ID=kvm\n");
  }

  void put(const std::string& path, std::string_view content) {
    const sys::Path file = directory.path() / path;
    must(sys::create_directories(file.parent_path()));
    must(sys::write_file_atomically(file, content));
  }
  void give(const std::string& content, const std::string& source = "cidata", const std::string& disk = "vfat A") {
    must(user_data::make_directory(places.imds));
    must(user_data::store(source == "imds" ? places.imds : places.user_data,
                          user_data::Document{.source = source, .content = content, .disk = disk}));
  }
  void boot() {
    user_data.reset();
    configuration.reset();
    OpenedStore opened = open_datastore(places, problems);
    writable = opened.writable;
    fresh = opened.fresh;
    configuration = std::make_unique<Configuration>(configuration::Parts{
        .store = std::move(opened.store),
        .applier = applier,
        .executor =
            [](const auto& work, auto then) {
              work();
              then();
            },
        .clock = std::chrono::steady_clock::now,
        .events = [](auto, const auto&) {},
        .took_effect = [this](bool applied) { report_configuration(*configuration, applied, problems); }});
    user_data = std::make_unique<UserDataIntake>(places, *configuration, log, problems, opened.fresh);
    apply_first_settings(places, *configuration, *user_data, log, problems);
  }
  Result<ChangeOutcome> again(std::string_view accepted = {}) {
    Result<ChangeOutcome> result = fail(ErrorCode::internal, "not called back");
    take_in_again(
        places, *configuration, *user_data, problems, [&](Result<ChangeOutcome> done) { result = std::move(done); },
        accepted);
    return result;
  }
  void commit(const settings::Json& document) {
    must(configuration->stage(configuration::the_node("test"), "t", document));
    configuration->commit({.transaction = "t", .caller = configuration::the_node("test")},
                          [](const Result<ChangeOutcome>& done) { CHECK(done); });
  }

  std::string effective(const std::string& pointer) const {
    return configuration->effective().value(settings::Json::json_pointer(pointer), settings::Json()).dump();
  }
  std::string file(const std::string& path) const { return sys::read_file(places.root / path).value_or(""); }
  // The text of a problem; empty when there is none of this name.
  std::string problem(const std::string& name) const {
    for (const std::string& line : problems.lines()) {
      if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
    }
    return "";
  }
  settings::Json source(const std::string& name) const {
    const settings::Json document = user_data->to_json();
    for (const auto& source : document["sources"]) {
      if (source["source"] == name) return source;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("the first start finds facts, draws a seed and renders files") {
  FirstSettingsFixture node;
  node.boot();
  CHECK(node.fresh);
  CHECK(node.writable);
  CHECK(node.problems.lines().empty());
  CHECK(node.file("etc/bulkhead/hostname").starts_with("bulkhead-0123456"));
  CHECK(node.effective("/updates/seed") != "null");
  CHECK(node.kernel.hostname.starts_with("bulkhead-"));
  CHECK(node.systemd.acts.empty());
}

TEST_CASE("what was stored is in force after the next start, and the seed stays") {
  FirstSettingsFixture node;
  node.boot();
  node.commit({{"motd", "hello"}});
  const std::string seed = node.effective("/updates/seed");
  const std::uint64_t commits = node.configuration->store().last_commit();
  node.boot();
  CHECK_FALSE(node.fresh);
  CHECK(node.effective("/motd") == R"("hello")");
  CHECK(node.effective("/updates/seed") == seed);
  CHECK(node.configuration->store().last_commit() == commits);
}

TEST_CASE("user data is taken in at the first start, and does not override later changes") {
  FirstSettingsFixture node;
  node.give("[settings]\nmotd = \"from user data\"\n");
  node.boot();
  CHECK(node.effective("/motd") == R"("from user data")");
  CHECK(node.source("cidata")["result"] == "applied");
  CHECK(node.source("cidata").contains("applied_at"));
  node.commit({{"motd", "changed"}});
  node.boot();
  CHECK(node.effective("/motd") == R"("changed")");
  CHECK(node.source("cidata")["result"] == "unchanged");
}

TEST_CASE("user data with a fault is refused as a whole, is a problem, and the node starts") {
  FirstSettingsFixture node;
  node.give("[settings]\nmotd = \"hello\"\nno-such = 1\n");
  node.boot();
  CHECK(node.effective("/motd") == "null");
  CHECK(node.problem("user data").contains("no-such"));
  CHECK(node.source("cidata")["result"] == "refused");
  CHECK(node.source("cidata")["error"].get<std::string>().contains("no-such"));
  CHECK_FALSE(node.file("etc/bulkhead/hostname").empty());
  // Still so after the next start, until it is put right.
  node.boot();
  CHECK(node.problem("user data").contains("no-such"));
  node.give("[settings]\nmotd = \"hello\"\n");
  node.boot();
  CHECK(node.problem("user data").empty());
  CHECK(node.effective("/motd") == R"("hello")");
}

TEST_CASE("user data that was refused is not put right by another disk, but by an admin who takes it in") {
  FirstSettingsFixture node;
  node.give("[settings]\nno-such = 1\n");
  node.boot();
  CHECK(node.user_data->may_accept("cidata").error().code == ErrorCode::not_found);  // it is the disk of before
  node.give("[settings]\nmotd = \"evil\"\n", "cidata", "vfat B");
  node.boot();
  CHECK(node.effective("/motd") == "null");
  CHECK(node.source("cidata")["result"] == "ignored");
  CHECK(node.source("cidata")["error"].get<std::string>().contains("--accept cidata"));
  CHECK(node.problem("user data").contains("another disk"));
  CHECK(node.user_data->may_accept("local").error().code == ErrorCode::not_found);
  must(node.user_data->may_accept("cidata"));
  must(node.again("cidata"));
  CHECK(node.effective("/motd") == R"("evil")");
  CHECK(node.source("cidata")["result"] == "applied");
  CHECK(node.problem("user data").empty());
  CHECK(node.user_data->may_accept("cidata").error().code == ErrorCode::not_found);
  // Once: nothing is accepted for later.
  node.give("[settings]\nmotd = \"c\"\n", "cidata", "vfat C");
  must(node.again());
  CHECK(node.effective("/motd") == R"("evil")");
}

TEST_CASE("user data that only fails when everything is put together is refused, and leaves no transaction behind") {
  FirstSettingsFixture node;
  node.give("[settings.sandbox]\ndefault-runtime = \"crun\"\nallowed-runtimes = [\"gvisor\"]\n");
  node.boot();
  CHECK_FALSE(node.problem("user data").empty());
  CHECK(node.source("cidata")["result"] == "refused");
  CHECK(node.configuration->store().transactions().empty());
}

TEST_CASE("user data that cannot be looked at is a problem") {
  FirstSettingsFixture node;
  node.put("user-data/10-cidata.error/x", "a directory in the place of a text");
  node.boot();
  CHECK_FALSE(node.problem("user data").empty());
  CHECK_FALSE(node.file("etc/bulkhead/hostname").empty());
}

TEST_CASE("facts of the cloud name the node, and facts that cannot be read are a problem until they can") {
  FirstSettingsFixture node;
  node.put("facts.json", "{");
  node.boot();
  CHECK_FALSE(node.problem("facts").empty());
  CHECK(node.file("etc/bulkhead/hostname").starts_with("bulkhead-"));
  node.put("facts.json", R"({"hostname": "web-1", "region": "eu-central-1"})");
  node.boot();
  CHECK(node.problem("facts").empty());
  CHECK(node.file("etc/bulkhead/hostname") == "web-1\n");
  CHECK(node.effective("/aws/region") == R"("eu-central-1")");
  node.put("facts.json", "{");
  node.boot();
  node.put("facts.json", "");
  node.boot();
  CHECK(node.problem("facts").empty());
}

TEST_CASE("settings that cannot be read are a problem, stay as they are, and the node starts with its defaults") {
  FirstSettingsFixture node;
  node.boot();
  node.commit({{"motd", "hello"}});
  const sys::Path file = node.places.state / "settings-1";
  const std::string damaged = "0000000000000000 {}\n" + must(sys::read_file(file));
  must(sys::write_file_atomically(file, damaged));
  node.boot();
  CHECK_FALSE(node.writable);
  CHECK(node.problem("settings").contains("accepts no changes"));
  CHECK(node.effective("/motd") == "null");
  CHECK_FALSE(node.file("etc/bulkhead/hostname").empty());
  CHECK(must(sys::read_file(file)) == damaged);
}

TEST_CASE("files that cannot be written are a problem, and do not stop the server") {
  FirstSettingsFixture node;
  node.put("root/etc/bulkhead/containerd", "a file in the place of a directory");
  node.boot();
  CHECK_FALSE(node.problem("configuration").empty());
  CHECK(node.writable);
  REQUIRE(std::filesystem::remove(node.places.root / "etc/bulkhead/containerd"));
  // Until the next change that can be applied.
  node.commit({{"motd", "x"}});
  CHECK(node.problem("configuration").empty());
  CHECK_FALSE(node.file("etc/bulkhead/containerd/config.toml").empty());
  node.boot();
  CHECK(node.problem("configuration").empty());
}

TEST_CASE(
    "a stored setting that this version refuses is a problem of its own, and keeps nothing else from taking effect") {
  FirstSettingsFixture node;
  node.boot();
  node.commit({{"network", {{"hostname", "kept"}}}});
  // As an older version, which accepted them.
  const sys::Path file = node.places.state / "settings-1";
  must(sys::write_file_atomically(
      file, must(sys::read_file(file)) +
                datastore::to_line(datastore::Commit{
                    .id = node.configuration->store().last_commit() + 1,
                    .author = "test",
                    .changes = {{.key = Key({"kernel", "sysctl", "kernel.core_pattern"}), .value = "|/var/x %p"},
                                {.key = Key({"no-longer", "known"}), .value = "a password"}}})));
  node.give("[settings]\nmotd = \"from user data\"\n", "imds");
  node.boot();
  CHECK(node.writable);
  CHECK(node.file("etc/bulkhead/hostname") == "kept\n");
  CHECK_FALSE(node.file("etc/bulkhead/nftables.conf").empty());
  CHECK(node.problems.lines().size() == 2);
  const std::string pattern = node.problem("setting kernel.sysctl.\"kernel.core_pattern\"");
  CHECK(pattern.contains("not in effect"));
  CHECK(pattern.ends_with("to a valid value, or: apiclient unset 'kernel.sysctl.\"kernel.core_pattern\"'"));
  const std::string unknown = node.problem("setting no-longer.known");
  CHECK(unknown.contains("there is no setting 'no-longer'"));
  CHECK(unknown.ends_with("; remove it: apiclient unset no-longer.known"));
  CHECK_FALSE(unknown.contains("password"));
  // What came later is taken in all the same, and nothing on STATE is lost.
  must(node.again());
  node.commit({{"motd", "changed"}});
  CHECK(node.file("etc/bulkhead/motd") == "changed\n");
  CHECK(node.configuration->store().live().contains(Key({"no-longer", "known"})));
  node.boot();
  CHECK(node.problems.lines().size() == 2);
  // Each ends when the setting is unset.
  must(node.configuration->stage_unset(configuration::the_node("test"), "t", {"no-longer"}));
  node.commit({{"motd", "again"}});
  CHECK(node.problem("setting no-longer.known").empty());
  CHECK(node.problems.lines().size() == 1);
  must(node.configuration->stage_unset(configuration::the_node("test"), "t", {"kernel.sysctl"}));
  node.commit({{"motd", "last"}});
  CHECK(node.problems.lines().empty());
}

TEST_CASE("of many refused settings, twenty are problems of their own, and the rest is one") {
  FirstSettingsFixture node;
  node.boot();
  constexpr std::size_t kMany = 50;
  std::vector<datastore::Change> changes = {{.key = Key({"motd"}), .value = "kept"}};
  for (std::size_t i = 0; i < kMany; ++i) changes.push_back({.key = Key({std::format("u{}", i)}), .value = 0});
  const std::uint64_t id = node.configuration->store().last_commit() + 1;
  const std::string line =
      datastore::to_line(datastore::Commit{.id = id, .author = "test", .changes = std::move(changes)});
  const sys::Path file = node.places.state / "settings-1";
  must(sys::write_file_atomically(file, must(sys::read_file(file)) + line));
  node.boot();
  CHECK(node.effective("/motd") == R"("kept")");
  CHECK(node.configuration->left_out().settings.size() == kMany);
  CHECK(node.problems.lines().size() == 21);
  CHECK(node.problem("setting u0").contains("not in effect"));
  CHECK(node.problem("setting (others)").starts_with("30 more settings are stored, but not in effect"));
  for (const std::string& problem : node.problems.lines()) CHECK(problem.starts_with(node_state::kRefusedSetting));
  // As settings are unset, others are named, and then none are left.
  const auto unset = [&](std::size_t first, std::size_t last) {
    std::vector<std::string> keys;
    for (std::size_t i = first; i < last; ++i) keys.push_back(std::format("u{}", i));
    must(node.configuration->stage_unset(configuration::the_node("test"), "t", keys));
    node.commit({{"motd", std::format("{} unset", last)}});
  };
  unset(0, 29);
  CHECK(node.problems.lines().size() == 21);
  CHECK(node.problem("setting (others)").starts_with("1 more setting is stored"));
  unset(29, 30);
  CHECK(node.problems.lines().size() == 20);
  CHECK(node.problem("setting (others)").empty());
  unset(30, kMany);
  CHECK(node.problems.lines().empty());
}

TEST_CASE("user data can be taken in again while the server runs, and services are notified") {
  FirstSettingsFixture node;
  node.boot();
  node.systemd.states = {{"systemd-timesyncd.service", "active"}};
  node.give("[settings.ntp]\ntime-servers = [\"time.example.com\"]\n", "imds");
  const ChangeOutcome outcome = must(node.again());
  CHECK(outcome.commit == node.configuration->store().last_commit());
  CHECK(node.systemd.acts == std::vector<std::string>{"restart systemd-timesyncd.service"});
  CHECK(node.source("imds")["result"] == "applied");
  // Nothing new: no commit.
  CHECK(must(node.again()).commit == 0);
  CHECK(node.source("imds")["result"] == "unchanged");
}

TEST_CASE("user data that a service does not take is refused while the server runs") {
  FirstSettingsFixture node;
  node.boot();
  node.systemd.states = {{"systemd-timesyncd.service", "active"}};
  node.systemd.broken = {"systemd-timesyncd.service"};
  node.give("[settings.ntp]\ntime-servers = [\"time.example.com\"]\n", "imds");
  CHECK(node.again().error().code == ErrorCode::unavailable);
  CHECK(node.source("imds")["result"] == "refused");
  CHECK_FALSE(node.problem("user data").empty());
  CHECK(node.configuration->store().transactions().empty());
}
