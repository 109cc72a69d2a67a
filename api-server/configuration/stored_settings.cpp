#include "api-server/configuration/stored_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace bulkhead::configuration {
namespace {

using settings::Flat;
using settings::Key;

// Tables of what the node runs. Without one of its settings, such as its runtime, an entry could have more rights than
// it was given, so it is left out as a whole.
constexpr std::array<std::string_view, 4> kRun = {"workloads", "host-containers", "bootstrap-containers",
                                                  "bootstrap-commands"};

Key whole_of(const Key& key) {
  const auto& segments = key.segments();
  if (segments.size() < 2 || !std::ranges::contains(kRun, segments.front())) return key;
  return Key({segments[0], segments[1]});
}

}  // namespace

std::vector<RefusedValue> refused_values(const Flat& stored) {
  std::vector<RefusedValue> refused;
  for (const auto& [key, value] : stored) {
    auto checked = settings::check(settings::unflat({{key, value}}), settings::Settings::shape());
    if (!checked) refused.push_back({.key = key, .value = value, .reason = std::move(checked).error()});
  }
  return refused;
}

Screen::Screen(Flat stored, const std::vector<RefusedValue>& refused) : accepted_(std::move(stored)) {
  for (const RefusedValue& each : refused) {
    const auto found = accepted_.find(each.key);
    if (found != accepted_.end() && found->second == each.value) take_away(whole_of(each.key), each.key, each.reason);
  }
}

bool Screen::leave_out(const Conflict& conflict) {
  return std::ranges::any_of(conflict.keys,
                             [&](const Key& key) { return take_away(whole_of(key), key, conflict.reason); });
}

bool Screen::take_away(const Key& key, const Key& culprit, const Error& reason) {
  // Keys are ordered segment by segment: what is below one follows it at once.
  const auto first = accepted_.lower_bound(key);
  auto last = first;
  for (; last != accepted_.end() && last->first.is_below(key); ++last)
    left_out_.settings.emplace(last->first, left_out_.refusals.size());
  if (first == last) return false;
  accepted_.erase(first, last);
  left_out_.refusals.push_back({.key = key, .culprit = culprit, .reason = reason});
  // Without the list of revoked certificates, nobody is let in over the network.
  static const Key revoked({"api", "revoked"});
  static const Key client_ca({"api", "client-ca"});
  if (key == revoked) {
    take_away(
        client_ca, revoked,
        error(ErrorCode::invalid_argument, "api.client-ca: api.revoked is refused, so revoked clients could connect"));
  }
  return true;
}

std::vector<Key> keys_named_by(const Error& error) {
  if (error.code != ErrorCode::invalid_argument) return {};
  const auto key = Key::parse(std::string_view(error.message).substr(0, error.message.find(": ")));
  return key && !key->empty() ? std::vector{*key} : std::vector<Key>();
}

}  // namespace bulkhead::configuration
