// Patterns of texts. JSON Schema publishes them too, so they use only the syntax that ECMAScript and Perl share.
#pragma once

#include <string_view>

namespace bulkhead::settings {

// Whether the pattern matches the whole text, taken as bytes. `pattern` must be a literal of the program: it is
// compiled once and kept. A text that takes more steps than any valid one does not match. Thread-safe. PCRE2 is inside
// pattern.cpp only.
bool matches(std::string_view text, std::string_view pattern);

}  // namespace bulkhead::settings
