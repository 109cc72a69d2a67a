#include "api-server/apply/applier.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/apply/fake_machine.hpp"

using namespace bulkhead;
using namespace bulkhead::apply;
using bulkhead::testing::must;

namespace {

constexpr const char* kResolved = "systemd-resolved.service";
constexpr const char* kTime = "systemd-timesyncd.service";

struct Node {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  bulkhead::testing::FakeSystemd systemd;
  bulkhead::testing::FakeKernel kernel;
  Applier applier{directory.path(), systemd, kernel};

  sys::Path place(const sys::Path& path) const { return directory.path() / render::place_of(path).relative_path(); }
  std::string text(const sys::Path& path) const { return must(sys::read_file(place(path))); }
  bool has(const sys::Path& path) const { return sys::exists(place(path)); }
};

render::File file(const char* path, const char* content, const char* service, mode_t mode = 0644) {
  return {.path = path, .content = content, .mode = mode, .service = service};
}

const render::File kNames =
    file("/etc/systemd/resolved.conf.d/60-settings.conf", "[Resolve]\nDNS=10.0.0.2\n", "resolved");
const render::File kTimes =
    file("/etc/systemd/timesyncd.conf.d/60-settings.conf", "[Time]\nNTP=time.example.com\n", "timesyncd");

}  // namespace

TEST_CASE("files are written once, with their mode, and then left alone") {
  Node node;
  const std::vector files = {file("/etc/motd", "hello\n", "motd", 0600)};
  const ApplyPlan plan = must(node.applier.plan(files, {}));
  REQUIRE(plan.files.size() == 1);
  CHECK(plan.files[0].kind == FileChangeKind::created);
  CHECK_FALSE(node.has("/etc/motd"));
  must(node.applier.apply(plan, {}, {}));
  CHECK(node.text("/etc/motd") == "hello\n");
  CHECK(must(node.applier.plan(files, {})).empty());
  const std::vector readable = {file("/etc/motd", "hello\n", "motd")};
  CHECK(must(node.applier.plan(readable, {})).files[0].kind == FileChangeKind::changed);
}

TEST_CASE("nothing below /etc is written but the directory of the API server") {
  Node node;
  must(node.applier.apply(must(node.applier.plan({kNames, file("/etc/motd", "hello\n", "motd")}, {})), {}, {}));
  const std::vector<sys::Path> written = must(sys::list_directory(node.directory.path() / "etc"));
  CHECK(written == std::vector{node.directory.path() / "etc/bulkhead"});
  CHECK(must(sys::read_file(node.directory.path() / "etc/bulkhead/motd")) == "hello\n");
}

TEST_CASE("what is not rendered any more is removed, and nothing else beside it") {
  Node node;
  must(node.applier.apply(must(node.applier.plan({kNames}, {})), {}, {}));
  must(sys::write_file_atomically(node.directory.path() / "etc/bulkhead/systemd/resolved.conf.d/10-other.conf", "x"));
  const ApplyPlan plan = must(node.applier.plan({}, {}));
  REQUIRE(plan.files.size() == 1);
  CHECK(plan.files[0].kind == FileChangeKind::removed);
  must(node.applier.apply(plan, {}, {}));
  CHECK_FALSE(node.has(kNames.path));
  CHECK(node.has("/etc/systemd/resolved.conf.d/10-other.conf"));
}

TEST_CASE("only units that run and are affected are notified, in the order of the table") {
  Node node;
  node.systemd.states = {{kResolved, "active"}, {kTime, "active"}};
  const ApplyPlan done = must(node.applier.apply(must(node.applier.plan({kTimes, kNames}, {"containerd"})), {}, {}));
  std::map<std::string, std::string> results;
  for (const Notification& step : done.notifications) results[step.service] = step.result;
  CHECK(results ==
        std::map<std::string, std::string>{{"resolved", "done"}, {"timesyncd", "done"}, {"containerd", "skipped"}});
  CHECK(node.systemd.acts.size() == 2);
  std::vector<std::string> order;
  for (const render::Service& service : render::services()) {
    if (results.contains(std::string(service.name))) order.emplace_back(service.name);
  }
  std::vector<std::string> notified;
  for (const Notification& step : done.notifications) notified.push_back(step.service);
  CHECK(notified == order);
}

TEST_CASE("a service that does not take it: files are as they were, and those that were notified are notified again") {
  Node node;
  must(node.applier.apply(must(node.applier.plan({kTimes}, {})), {}, {}));
  node.systemd.states = {{kResolved, "active"}, {kTime, "active"}};
  node.systemd.broken = {kTime};
  node.systemd.failures_left = 1;
  render::File changed = kTimes;
  changed.content = "[Time]\nNTP=other.example.com\n";
  const auto done = node.applier.apply(must(node.applier.plan({changed, kNames}, {})), {}, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::unavailable);
  CHECK(done.error().describe().contains(kTime));
  CHECK(done.error().hint.contains("apiclient logs"));
  CHECK(node.text(kTimes.path) == kTimes.content);
  CHECK_FALSE(node.has(kNames.path));
  CHECK(std::ranges::count(node.systemd.acts, std::string("restart ") + kTime) == 2);
}

TEST_CASE("a service that does not come back either is named in the same error") {
  Node node;
  node.systemd.states = {{kTime, "active"}};
  node.systemd.broken = {kTime};
  const auto done = node.applier.apply(must(node.applier.plan({kTimes}, {})), {}, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().describe().contains("did not accept its old files"));
  CHECK(done.error().describe().contains("not everything could be restored"));
  CHECK_FALSE(done.error().describe().contains("everything was restored"));
}

TEST_CASE("any number of quick changes reach a service: its start limit is for starts that nobody asked for") {
  Node node;
  node.systemd.states = {{kTime, "active"}};
  for (int i = 0; i < 7; ++i) {
    render::File changed = kTimes;
    changed.content += std::format("# {}\n", i);
    must(node.applier.apply(must(node.applier.plan({changed}, {})), {}, {}));
  }
}

TEST_CASE("a file that cannot be written takes back those before it") {
  Node node;
  // A file where a directory is needed.
  must(sys::create_directories(node.directory.path() / "etc/bulkhead/systemd"));
  must(sys::write_file_atomically(node.directory.path() / "etc/bulkhead/systemd/timesyncd.conf.d", "in the way"));
  const auto done = node.applier.apply(must(node.applier.plan({kNames, kTimes}, {})), {}, {});
  REQUIRE_FALSE(done);
  CHECK_FALSE(node.has(kNames.path));
  CHECK(node.systemd.acts.empty());
}

TEST_CASE("the host name and the threads of the processor go back with everything else") {
  Node node;
  node.systemd.states = {{kTime, "active"}};
  node.systemd.broken = {kTime};
  const ApplyPlan plan = must(node.applier.plan({kTimes}, {"hostname", "smt"}));
  const auto done = node.applier.apply(plan, {.hostname = "new", .lockdown = {}, .smt = "off"},
                                       {.hostname = "old", .lockdown = {}, .smt = "auto"});
  REQUIRE_FALSE(done);
  CHECK(node.kernel.hostname == "old");
  CHECK(node.kernel.smt == "auto");
}

TEST_CASE(
    "threads of a core are switched off where they leak, or always, and are left alone where there is no choice") {
  constexpr std::string_view kLeaks = "Not affected\nMitigation: Clear CPU buffers; SMT vulnerable\n";
  constexpr std::string_view kUnknown = "Mitigation: Clear CPU buffers; SMT Host state unknown\n";
  constexpr std::string_view kSafe = "Not affected\nMitigation: Clear CPU buffers; SMT mitigated\n";
  CHECK(smt_change("on", "auto", kLeaks) == "off");
  CHECK(smt_change("on", "auto", kUnknown) == "off");
  CHECK(smt_change("on", "auto", kSafe) == std::nullopt);
  CHECK(smt_change("on", "off", kSafe) == "off");
  CHECK(smt_change("on", "on", kLeaks) == std::nullopt);
  CHECK(smt_change("off", "on", kLeaks) == "on");
  CHECK(smt_change("off", "auto", kSafe) == "on");
  CHECK(smt_change("off", "off", kSafe) == std::nullopt);
  // Applied once more, when the kernel sees no leak any longer because they are off.
  constexpr std::string_view kOff = "Not affected\nMitigation: Clear CPU buffers; SMT disabled\n";
  CHECK(smt_change("off", "auto", kOff) == std::nullopt);
  CHECK(smt_change("off", "on", kOff) == "on");
  for (const char* fixed : {"forceoff", "notsupported", "notimplemented", ""}) {
    for (const char* wanted : {"on", "auto", "off"}) CHECK(smt_change(fixed, wanted, kLeaks) == std::nullopt);
  }
}

TEST_CASE("the lockdown mode in force is the one in brackets") {
  CHECK(lockdown_in_force("none [integrity] confidentiality\n") == "integrity");
  CHECK(lockdown_in_force("[none] integrity confidentiality\n") == "none");
  CHECK(lockdown_in_force("") == "none");
  CHECK(lockdown_in_force("]x[") == "none");
}
