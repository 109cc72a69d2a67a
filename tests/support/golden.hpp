// Golden files: text that a person has read and accepted, kept in tests/golden.
//
// BULKHEAD_ACCEPT=1 in the environment rewrites the files from what the tests produce (`tools/sdk test --accept`); look
// at the difference before committing it.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::testing {

// Compares `actual` with tests/golden/<name>. Returns an empty text when they are equal, else a report with the first
// line that differs. Use as CHECK(matches_golden("cli/man.1", text) == "").
std::string matches_golden(const std::string& name, std::string_view actual);

}  // namespace bulkhead::testing
