// The routes of openapi.yaml: requests become calls of the configuration, results become answers.
//
// Each group of routes has a file; add_routes() lists them all. Handlers have no state.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api-server/configuration/configuration.hpp"
#include "api-server/handlers/audit.hpp"
#include "api-server/handlers/event_hub.hpp"
#include "api-server/http/router.hpp"
#include "api-server/journal/journal.hpp"
#include "lib/boot_times/boot_times.hpp"
#include "lib/file_systems/outcome.hpp"
#include "lib/node_state/node_state.hpp"

namespace bulkhead::handlers {

using Json = nlohmann::json;

using node_state::NodeState;

// The image: what its os-release says, and for which machines it is.
struct Os {
  std::string pretty_name{};
  std::string variant_id{};
  std::string version_id{};
  std::string build_id{};
  std::string arch{};
};

// What handlers need besides the configuration. Everything outlives the router.
struct Node {
  configuration::Configuration& configuration;
  EventHub& events;
  Audit& audit;
  Os os{};
  std::function<NodeState()> state{};
  std::function<std::string()> hostname{};
  std::function<Json()> user_data{};  // openapi.yaml, UserData
  // The source whose document an admin takes in although it is ignored; empty: only look again.
  std::function<void(const std::string&, std::function<void(Result<Json>)>)> user_data_again{};
  std::function<Result<>()> reboot{};
  std::function<std::optional<file_systems::FileSystemOutcome>(file_systems::FileSystem)> file_system{};
  std::function<void(file_systems::FileSystem, std::function<void(Result<>)>)> reset_file_system{};
  std::function<void(std::function<void(Result<boot_times::BootTimes>)>)> read_boot{};
  // Calls back whenever the descriptor is readable, until its return value is destroyed.
  std::function<std::shared_ptr<void>(int fd, std::function<void()>)> watch{};
};

void add_routes(http::Router& router, Node& node);

// Of report.cpp: the text of GET /report. Messages of the journal are for those who may read it (/v1/logs).
std::string report(const Node& node, std::optional<Role> role);
// Of boot_routes.cpp: openapi.yaml, Boot.
Json boot_json(const boot_times::BootTimes& boot);

// --- for the files of this folder
void add_settings_routes(http::Router& router, Node& node);
void add_transaction_routes(http::Router& router, Node& node);
void add_metadata_routes(http::Router& router, Node& node);
void add_history_routes(http::Router& router, Node& node);
void add_node_routes(http::Router& router, Node& node);
void add_file_system_routes(http::Router& router, Node& node);
void add_boot_routes(http::Router& router, Node& node);
void add_stream_routes(http::Router& router, Node& node);

// A handler that has its answer at once.
http::Handler answering(std::function<Result<http::Response>(const http::Request&)> make);
std::string transaction_of(const http::Request& request);
// For requests that the router has let through: with a role.
configuration::Caller caller_of(const http::Request& request);
// The parameter's parts between commas, outside of double quotes. Errors: invalid_argument when it is empty or, if it
// is needed, missing.
Result<std::vector<std::string>> listed(const http::Request& request, const std::string& name, bool needed);
Result<std::uint64_t> number(const http::Request& request, const std::string& name, std::uint64_t least,
                             std::uint64_t most, std::optional<std::uint64_t> fallback);
// The body as JSON, at most 32 levels deep. Errors: invalid_argument.
Result<Json> parse_body(const std::string& body);
// Only the settings whose keys, as text, start with `prefix`, which begins with "settings".
Json below_prefix(const Json& document, std::string_view prefix);
// With secrets for peers that may see them.
const Json& settings_for(const http::Request& request, const configuration::Configuration& configuration);
// The node's problems, each a sentence: failed units, and what the server itself could not do.
std::vector<std::string> problems_of(const NodeState& node);
// {"state", "problems"}, as GET /v1/health and the event "health" give it.
Json health_json(const NodeState& node);
std::vector<std::string> address_texts(const NodeState& node);
Json os_json(const Os& os);  // openapi.yaml, Os
Json services_json(const Node& node, const std::vector<std::string>& names);
Json files_json(const Node& node);

}  // namespace bulkhead::handlers
