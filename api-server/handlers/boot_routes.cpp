// /v1/boot: how long the boot took. Asking systemd takes its time, and so happens elsewhere.
#include <algorithm>
#include <array>
#include <set>

#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

using boot_times::BootTimes;
using boot_times::Moment;
using boot_times::UnitTimes;

// Of these there are hundreds, and each is ready when it starts: they only tell something when somebody waited for
// them.
bool is_background(const UnitTimes& unit) {
  return std::ranges::any_of(std::array{".device", ".slice", ".scope"},
                             [&](std::string_view type) { return unit.unit.ends_with(type); });
}

void put(Json& object, const char* name, const std::optional<Moment>& moment) {
  if (moment) object[name] = moment->count();
}

}  // namespace

Json boot_json(const BootTimes& boot) {
  // What was started later was not part of the boot.
  const auto belongs = [&](const UnitTimes& unit) { return !boot.finished || unit.started <= *boot.finished; };
  std::set<std::string_view> awaited;
  for (const UnitTimes& unit : boot.units) {
    const UnitTimes* other = is_background(unit) ? nullptr : boot_times::waited_for(boot, unit);
    if (other != nullptr && belongs(unit)) awaited.insert(other->unit);
  }
  Json units = Json::array();
  for (const UnitTimes& unit : boot.units) {
    if (!belongs(unit) || (is_background(unit) && !awaited.contains(unit.unit))) continue;
    Json entry = {{"unit", unit.unit}, {"started", unit.started.count()}};
    put(entry, "ready", unit.ready);
    if (const UnitTimes* other = boot_times::waited_for(boot, unit)) entry["waited_for"] = other->unit;
    units.push_back(std::move(entry));
  }
  Json json = {{"gate", boot_times::kGate}, {"userspace", boot.userspace.count()}, {"units", std::move(units)}};
  put(json, "firmware", boot.firmware);
  put(json, "loader", boot.loader);
  put(json, "initrd", boot.initrd);
  put(json, "finished", boot.finished);
  return json;
}

void add_boot_routes(http::Router& router, Node& node) {
  router.add({"GET", "/v1/boot", http::Role::reader, [&node](const http::Request&, const http::Reply& reply) {
                node.read_boot([reply](const Result<BootTimes>& boot) {
                  reply(boot ? http::json(boot_json(*boot)) : http::failure(boot.error()));
                });
              }});
}

}  // namespace bulkhead::handlers
