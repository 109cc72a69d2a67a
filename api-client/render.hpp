// The node's answers for people: tables and lines from the JSON of api-server/openapi.yaml. Pure functions. Missing
// fields and fields of another type are shown as empty; control characters never reach the terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace bulkhead::client {

using Json = nlohmann::ordered_json;

// JSON for people and programs: indented, with a newline at the end; bytes that are not UTF-8 are replaced.
std::string pretty(const Json& document);

std::string plan_text(const Json& plan, bool color);
std::string outcome_text(const Json& outcome, bool color);
std::string try_text(const Json& open_try, bool color);
std::string history_table(const Json& commits, bool color);
std::string commit_text(const Json& commit, bool color);
std::string changes_text(const Json& changes, bool color);
std::string audit_table(const Json& records, bool color);
std::string status_text(const Json& status, bool color);
std::string health_text(const Json& health, bool color);
std::string user_data_table(const Json& user_data, bool color);
std::string log_line(const Json& entry, bool color);
std::string event_line(std::string_view name, std::string_view data, bool color);

}  // namespace bulkhead::client
