// The boot of a node for people, from the JSON of GET /v1/boot: a table and a picture. Pure functions, as render.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace bulkhead::client {

// The phases, what the gate waited for (the critical chain), and every unit, the one that took longest first.
std::string boot_table(const nlohmann::ordered_json& document, bool color);
// The same as an SVG document: a bar for each unit, from its start until it was ready; the critical chain in red.
std::string boot_svg(const nlohmann::ordered_json& document);

}  // namespace bulkhead::client
