// Patterns of texts. They are what JSON Schema publishes as well, so they are written in what ECMAScript and Perl
// share.
#pragma once

#include <string_view>

namespace bulkhead::settings {

// Is the whole text, taken as bytes, what the pattern describes? `pattern` must be a literal of the program: it is
// compiled once, and what was compiled is kept. A text that takes more steps than any good one is refused like one that
// does not match. From any thread. PCRE2 is inside pattern.cpp only.
bool matches(std::string_view text, std::string_view pattern);

}  // namespace bulkhead::settings
