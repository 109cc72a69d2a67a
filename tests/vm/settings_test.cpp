// A shipped node that is configured from outside only: user data at first boot, apiclient over TLS from then on. All
// but the last two tests start from one node that has booted.
#include "tests/support/booted_node.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"
#include "tests/support/operator.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

bool has(const json& list, const std::string& member, const std::string& value) {
  for (const json& each : list) {
    if (each.value(member, "") == value) return true;
  }
  return false;
}

std::string result_of(const json& outcome, const std::string& service) {
  for (const json& each : outcome["services"]) {
    if (each["service"] == service) return each.value("result", "");
  }
  return "not told";
}

TEST_CASE(
    "user data of the first boot is in force; a change is planned, made, written to files, and services are told") {
  BootedNode booted(configured_spec(), "settings-change");
  const Operator& outside = booted.outside();
  const json status = wait_for_answer(booted.node(), outside);
  CHECK(status["state"] == "ready");
  CHECK(status["problems"].empty());
  CHECK(status["hostname"] == "node-7");
  CHECK(outside.json({"get", "settings.motd"})["settings"]["motd"] == "configured from outside");
  CHECK(has(outside.json({"user-data"})["sources"], "result", "applied"));
  CHECK(outside.json({"history"})[0]["transaction"] == "node.seed");

  // A change, first as a plan: nothing has happened, then exactly that.
  const json plan = outside.json({"plan", "ntp.time-servers=[\"10.0.2.8\"]"});
  CHECK(has(plan["files"], "path", "/etc/systemd/timesyncd.conf.d/60-settings.conf"));
  CHECK(outside.json({"get", "settings.ntp.time-servers"})["settings"]["ntp"]["time-servers"] == json{"10.0.2.9"});
  const json outcome = outside.json({"set", "ntp.time-servers=[\"10.0.2.8\"]", "network.hostname=node-8"});
  CHECK(result_of(outcome, "timesyncd") == "done");
  CHECK(result_of(outcome, "hostname") == "done");
  CHECK(outside.json({"status"})["hostname"] == "node-8");
  const std::string log = outside.must_apiclient({"logs", "-u", "systemd-timesyncd"});
  CHECK(log.contains("Stopped"));

  // The packet filter, which the API is reached through. What it lets through is seen in development_test.cpp.
  const json opened = outside.json({"set", R"(network.firewall.open-ports=["30000-32767/udp"])"});
  CHECK(result_of(opened, "firewall") == "done");
  CHECK(outside.apiclient({"set", R"(network.firewall.open-ports=["ssh/tcp"])"}).err.contains("1 to 65535"));

  // Refused: an unknown key, a bad value; nothing has changed.
  const std::uint64_t last = outside.json({"status"})["commit"];
  CHECK(outside.apiclient({"set", "ntp.time-server=x"}).err.contains("ntp.time-servers"));
  CHECK(outside.apiclient({"set", "updates.seed=99999"}).err.contains("2047"));
  CHECK(outside.json({"status"})["commit"] == last);

  const std::string report = outside.must_apiclient({"report"});
  CHECK(report.contains("node-8"));
  CHECK_FALSE(report.contains("PRIVATE"));
  const json boot = outside.json({"report", "boot"});
  CHECK(boot["initrd"] < boot["userspace"]);
  CHECK(has(boot["units"], "unit", "containerd.service"));
  CHECK(outside.must_apiclient({"report", "boot"}).contains("What the node waited for"));
}

TEST_CASE("a try that takes the network away goes away by itself, and one that is confirmed stays") {
  BootedNode booted(configured_spec(), "settings-try");
  const Operator& outside = booted.outside();
  wait_for_answer(booted.node(), outside);
  // Nobody can confirm it.
  outside.apiclient({"set", "--try", "40s", R"(network.interfaces.eth0={"static4":{"addresses":["192.0.2.1/24"]}})"});
  must(booted.machine().wait_for_line(vm::Pattern::text("addresses=192.0.2.1"), vm::after(400s)));
  must(booted.machine().wait_for_line(vm::Pattern::text("addresses=10.0.2.15"), vm::after(400s)));
  const json back = wait_for_answer(booted.node(), outside, 400s);
  CHECK(back["try"].is_null());
  CHECK(outside.json({"get", "settings.network"})["settings"]["network"].value("interfaces", json()).is_null());
  CHECK(has(outside.json({"audit"}), "action", "revert"));

  outside.must_apiclient({"set", "--try", "600s", "motd=tried"});
  outside.must_apiclient({"confirm"});
  CHECK(outside.json({"status"})["try"].is_null());
  CHECK(outside.json({"get", "settings.motd"})["settings"]["motd"] == "tried");
}

TEST_CASE("what is unset and rolled back is so in history, and all of it is still there after a restart") {
  BootedNode booted(configured_spec(), "settings-restart");
  const Operator& outside = booted.outside();
  wait_for_answer(booted.node(), outside);
  outside.must_apiclient({"set", "ntp.time-servers=[\"10.0.2.8\"]", "network.hostname=node-8"});
  const std::uint64_t last = outside.json({"status"})["commit"];
  outside.must_apiclient({"set", "motd=another"});
  outside.must_apiclient({"unset", "kernel.sysctl"});
  const json history = outside.json({"history"});
  CHECK(history[0]["keys"] == json{"settings.kernel.sysctl.\"vm.max_map_count\""});
  CHECK(std::string(history[0]["author"]).starts_with("certificate ops-1"));
  outside.must_apiclient({"rollback", std::to_string(last)});
  CHECK(outside.json({"get", "settings.motd"})["settings"]["motd"] == "configured from outside");
  CHECK(outside.json({"get", "settings.kernel"})["settings"]["kernel"]["sysctl"]["vm.max_map_count"] == "262144");

  outside.must_apiclient({"reboot"});
  booted.node().wait_for_state(node_state::State::starting);
  CHECK(booted.node().wait_until_ready().field("problems") == "0");
  const json again = wait_for_answer(booted.node(), outside);
  CHECK(again["hostname"] == "node-8");
  CHECK(outside.json({"get", "settings.ntp.time-servers"})["settings"]["ntp"]["time-servers"] == json{"10.0.2.8"});
  CHECK(outside.json({"history"})[0]["transaction"].get<std::string>().starts_with("apiclient-rollback"));
  booted.node().shut_down();
}

// A disk as NoCloud wants it.
sys::Path cidata(const sys::Path& directory, const std::string& user_data, const std::string& name = "cidata") {
  const sys::Path text = directory / "user-data";
  const sys::Path image = directory / (name + ".img");
  must(sys::write_file_atomically(text, user_data));
  REQUIRE(tool({"mkfs.vfat", "-C", "-n", "CIDATA", image, "1024"}).exit_status == 0);
  REQUIRE(tool({"mcopy", "-i", image, text, "::user-data"}).exit_status == 0);
  return image;
}

TEST_CASE("bad user data: the node comes up with what is good, degraded, and console and API say why") {
  const BuiltImage image = BuiltImage::of_variant("kvm");
  const ScratchDisk disk(image);
  const std::uint16_t port = free_port();
  const Operator outside(port);
  const json good = {{"settings", {{"motd", "from a disk"}, {"api", outside.api_settings()}}}};
  Node node(disk, "settings-bad-user-data",
            {.user_data = "[settings]\nmotd = \"x\"\n[settings.ntp]\ntime-server = []\n",
             .second_disk = cidata(disk.directory(), good.dump()),
             // Not the system disk's: its drivers are loaded because a first boot waits for user data.
             .second_bus = vm::DiskBus::virtio_scsi,
             .api_port = port});
  const node_state::StatusLine state = node.wait_for_state(node_state::State::degraded);
  CHECK(state.field("problems") == "1");
  CHECK(node.console().raw().contains("ntp.time-servers"));
  const json status = wait_for_answer(node, outside);
  CHECK(status["state"] == "degraded");
  const json sources = outside.json({"user-data"})["sources"];
  REQUIRE(sources.size() == 2);
  CHECK(sources[0]["source"] == "cidata");
  CHECK(sources[0]["result"] == "applied");
  CHECK(sources[1]["source"] == "fw-cfg");
  CHECK(sources[1]["result"] == "refused");
  CHECK(outside.json({"get", "settings.motd"})["settings"]["motd"] == "from a disk");
  node.shut_down();
}

TEST_CASE("a disk in the place of the one with the first boot's user data is obeyed when an admin says so") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  const std::uint16_t port = free_port();
  const Operator outside(port);
  const auto boot = [&](const std::string& name, const json& settings) {
    return Node(disk, "settings-" + name,
                {.second_disk = cidata(disk.directory(), json{{"settings", settings}}.dump(), name),
                 .second_bus = vm::DiskBus::virtio_scsi,
                 .api_port = port});
  };
  const auto motd = [&] { return outside.json({"get", "settings.motd"})["settings"]["motd"]; };
  {
    Node node = boot("first-seed", {{"motd", "first"}, {"api", outside.api_settings()}});
    node.wait_until_ready();
    wait_for_answer(node, outside);
    CHECK(motd() == "first");
    node.shut_down();
  }
  Node node = boot("second-seed", {{"motd", "second"}, {"network", {{"hostname", "stolen"}}}});
  CHECK(wait_for_answer(node, outside)["hostname"] != "stolen");
  CHECK(motd() == "first");
  const json ignored = outside.json({"user-data"})["sources"][0];
  INFO(ignored.dump());
  CHECK(ignored["result"] == "ignored");
  CHECK(ignored["error"].get<std::string>().contains("apiclient user-data --accept cidata"));
  outside.must_apiclient({"user-data", "--accept", "cidata"});
  CHECK(motd() == "second");
  node.shut_down();
}

}  // namespace
}  // namespace bulkhead::testing
