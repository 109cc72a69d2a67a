// /v1/boot: how long the boot took. Asking systemd takes its time, and so happens elsewhere.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

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

// Reading the times costs a few hundred calls of systemd, so requests that come meanwhile get the same answer, and when
// the boot is over it does not change any more.
struct BootAnswers {
  std::vector<http::Reply> waiting;
  std::optional<http::Response> last;

  void give(const Result<BootTimes>& boot) {
    const http::Response response = boot ? http::json(boot_json(*boot)) : http::failure(boot.error());
    if (boot && boot->finished) last = response;
    for (const http::Reply& reply : std::exchange(waiting, {})) reply(response);
  }
};

}  // namespace

Json boot_json(const BootTimes& boot) {
  // What was started later was not part of the boot.
  const auto belongs = [&](const UnitTimes& unit) { return !boot.finished || unit.started <= *boot.finished; };
  const std::vector<const UnitTimes*> waited_for = boot_times::waited_for(boot);
  std::set<std::string_view> awaited;
  for (const auto& [unit, other] : std::views::zip(boot.units, waited_for)) {
    if (other != nullptr && belongs(unit) && !is_background(unit)) awaited.insert(other->unit);
  }
  Json units = Json::array();
  for (const auto& [unit, other] : std::views::zip(boot.units, waited_for)) {
    if (!belongs(unit) || (is_background(unit) && !awaited.contains(unit.unit))) continue;
    Json entry = {{"unit", unit.unit}, {"started", unit.started.count()}};
    put(entry, "ready", unit.ready);
    if (other != nullptr) entry["waited_for"] = other->unit;
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
  const auto answers = std::make_shared<BootAnswers>();
  router.add({"GET", "/v1/boot", Role::reader, [&node, answers](const http::Request&, const http::Reply& reply) {
                if (answers->last) return reply(*answers->last);
                answers->waiting.push_back(reply);
                if (answers->waiting.size() > 1) return;
                node.read_boot([answers](const Result<BootTimes>& boot) { answers->give(boot); });
              }});
}

}  // namespace bulkhead::handlers
