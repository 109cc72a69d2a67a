// Command lines as Bottlerocket's users write them.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace bulkhead::client {

// Inserts `raw` when options of raw are given without a verb: "apiclient -u /settings". Other command lines stay
// unchanged. `words` begins with the program's name.
std::vector<std::string> with_default_verb(std::span<const char* const> words);

}  // namespace bulkhead::client
