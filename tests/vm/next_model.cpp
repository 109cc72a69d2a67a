// The settings model of a server that does not exist yet: version 2, in which every message of the day says so.
#include <array>

#include "api-server/daemon/model.hpp"

namespace bulkhead::daemon {
namespace {

constexpr std::string_view kSuffix = " (model 2)";

Result<settings::Flat> forward(settings::Flat values) {
  const auto motd = values.find(settings::Key({"motd"}));
  if (motd != values.end()) motd->second = motd->second.get<std::string>() + std::string(kSuffix);
  return values;
}

Result<settings::Flat> backward(settings::Flat values) {
  const auto motd = values.find(settings::Key({"motd"}));
  if (motd == values.end()) return values;
  std::string text = motd->second.get<std::string>();
  if (text.ends_with(kSuffix)) text.resize(text.size() - kSuffix.size());
  motd->second = text;
  return values;
}

}  // namespace

Model settings_model() {
  static constexpr std::array<migrate::Step, 1> kSteps = {
      {{.from = 1, .doc = "the message of the day tells the model", .forward = forward, .backward = backward}}};
  return {.version = 2, .steps = kSteps};
}

}  // namespace bulkhead::daemon
