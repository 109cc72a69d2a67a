// Command lines as Bottlerocket's users write them.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace bulkhead::client {

// `raw` is what is meant when options of raw stand where a verb should: "apiclient -u /settings". All other command
// lines stay as they are. `words` begins with the program's name.
std::vector<std::string> with_default_verb(std::span<const char* const> words);

}  // namespace bulkhead::client
