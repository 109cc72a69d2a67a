#include "lib/dbus/rights.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/dbus/bus.hpp"

namespace bulkhead::dbus {
namespace {

MethodCall manager(std::string member, std::string first = {}, std::string second = {}) {
  return {.path = kSystemdPath,
          .interface = kSystemdManager,
          .member = std::move(member),
          .first = std::move(first),
          .second = std::move(second)};
}

TEST_CASE("everybody may look at units") {
  for (const Caller caller : {Caller::reader, Caller::api}) {
    for (const char* member : {"ListUnits", "ListUnitsByPatterns", "ListUnitsFiltered", "LoadUnit", "Subscribe"})
      CHECK(may_call(caller, manager(member)));
    MethodCall get{.path = "/org/freedesktop/systemd1/unit/a_2eservice",
                   .interface = "org.freedesktop.DBus.Properties",
                   .member = "Get"};
    CHECK(may_call(caller, get));
    get.member = "Set";
    CHECK_FALSE(may_call(caller, get));
    get.member = "Get";
    get.path = "/org/freedesktop/systemd1x";
    CHECK_FALSE(may_call(caller, get));
  }
}

TEST_CASE("the API server may notify its units, and a reader none") {
  for (const std::string_view unit : kRestartableUnits) {
    const std::string name(unit);
    for (const char* member : {"RestartUnit", "ReloadOrRestartUnit"}) {
      CHECK(may_call(Caller::api, manager(member, name, "replace")));
      CHECK_FALSE(may_call(Caller::api, manager(member, name, "isolate")));
      CHECK_FALSE(may_call(Caller::reader, manager(member, name, "replace")));
    }
    CHECK(may_call(Caller::api, manager("ResetFailedUnit", name)));
    CHECK_FALSE(may_call(Caller::reader, manager("ResetFailedUnit", name)));
    CHECK_FALSE(may_call(Caller::api, manager("StopUnit", name, "replace")));
  }
  CHECK(may_call(Caller::api, manager("StartUnit", "bulkhead-reset@data.service", "replace")));
  CHECK(may_call(Caller::api, manager("StartUnit", "reboot.target", "replace-irreversibly")));
  CHECK_FALSE(may_call(Caller::reader, manager("StartUnit", "reboot.target", "replace-irreversibly")));
}

TEST_CASE("nothing else may be asked, whoever asks") {
  for (const Caller caller : {Caller::reader, Caller::api}) {
    for (const char* unit : {"bulkhead-console.service", "systemd-udevd.service", "apiserver.service",
                             "emergency.target", "containerd.service ", "../containerd.service", ""}) {
      INFO(unit);
      CHECK_FALSE(may_call(caller, manager("RestartUnit", unit, "replace")));
      CHECK_FALSE(may_call(caller, manager("StartUnit", unit, "replace")));
    }
    for (const char* member :
         {"StartTransientUnit", "SetEnvironment", "Reload", "Reexecute", "PowerOff", "KExec", "MaskUnitFiles",
          "LinkUnitFiles", "EnableUnitFiles", "SetUnitProperties", "AttachProcessesToUnit", "KillUnit", "StopUnit",
          "SwitchRoot", "BindMountUnit", "MountImageUnit", "SetDefaultTarget", ""}) {
      INFO(member);
      CHECK_FALSE(may_call(caller, manager(member, "containerd.service", "replace")));
    }
    MethodCall unit = manager("Restart", "replace");
    unit.path = "/org/freedesktop/systemd1/unit/containerd_2eservice";
    unit.interface = kSystemdUnit;
    CHECK_FALSE(may_call(caller, unit));
    unit = manager("RestartUnit", "containerd.service", "replace");
    unit.interface.clear();  // systemd would find the method by its name
    CHECK_FALSE(may_call(caller, unit));
    unit.interface = "org.freedesktop.systemd1.Manager2";
    CHECK_FALSE(may_call(caller, unit));
  }
}

TEST_CASE("only signals about units and jobs are passed on") {
  CHECK(is_passed_on("org.freedesktop.DBus.Properties", "PropertiesChanged", kSystemdUnit));
  CHECK_FALSE(is_passed_on("org.freedesktop.DBus.Properties", "PropertiesChanged", "org.freedesktop.systemd1.Service"));
  CHECK(is_passed_on(kSystemdManager, "JobRemoved", ""));
  CHECK(is_passed_on(kSystemdManager, "UnitRemoved", "a.service"));
  CHECK(is_passed_on(kSystemdManager, "Reloading", ""));
  CHECK_FALSE(is_passed_on(kSystemdManager, "UnitNew", "a.service"));
}

}  // namespace
}  // namespace bulkhead::dbus
