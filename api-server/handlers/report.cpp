#include <ranges>

#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

constexpr std::size_t kMessages = 100;
constexpr int kWarning = 4;

void section(std::string& text, std::string_view title) { text += std::format("\n== {}\n", title); }

void list(std::string& text, std::string_view name, const std::vector<std::string>& items) {
  text += std::format("{}:{}\n", name, items.empty() ? " none" : "");
  for (const std::string& item : items) text += "  " + item + '\n';
}

}  // namespace

std::string report(const Node& node, std::optional<Role> role) {
  const NodeState state = node.state();
  std::string text = std::format("{} ({})\n", node.os.pretty_name, node.os.build_id);
  text += std::format("state: {}\nslot: {} ({})\n", to_string(state_of(state)), node_state::slot_letter(state.running),
                      slots::describe(state.running));
  list(text, "problems", problems_of(state));
  list(text, "failed units", {state.failed_units.begin(), state.failed_units.end()});
  list(text, "addresses", address_texts(state));

  section(text, "settings in effect (without secrets)");
  text += node.configuration.effective_redacted().dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  section(text, "history");
  for (const datastore::Commit& commit : std::views::reverse(node.configuration.store().history()))
    text += configuration::json_of(commit).dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  section(text, "user data");
  text += node.user_data().dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  section(text, "messages (warnings and worse)");
  if (role < Role::operator_role) return text + "only for operators and admins\n";
  auto journal = journal::Journal::open({.priority = kWarning, .limit = kMessages});
  const auto messages = journal ? journal->read() : Result<std::vector<journal::Message>>();
  if (messages) {
    for (const journal::Message& message : *messages)
      text += std::format("{:%FT%TZ} {} {}\n", message.time, message.unit, message.text);
  }
  return text;
}

}  // namespace bulkhead::handlers
