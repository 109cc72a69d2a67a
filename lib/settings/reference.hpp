// The declarations as text for people.
#pragma once

#include <string>

#include "lib/settings/key.hpp"
#include "lib/settings/shape.hpp"

namespace bulkhead::settings {

// Explains a key: description, rule, default, example, services. For a table: its members, a line each. Errors: those
// of find().
Result<std::string> explain(const Shape& root, const Key& key);

// docs/settings.md.
std::string reference_page(const Shape& root);

}  // namespace bulkhead::settings
