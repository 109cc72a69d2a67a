// User data is applied once: what has been applied, on STATE, and which documents are to be applied now.
//
// On the first boot all of them are. Later a document counts again only when it was refused and has changed since, when
// the metadata service answers for the first time (on the first boot the API starts before the network), or when
// settings.boot.reapply-user-data is set and any document has changed. Pure functions; reading and writing are apart.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api-server/user-data/user_data.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::user_data {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct AppliedDocument {
  std::string sha256;
  bool refused = false;
  Time time{};

  bool operator==(const AppliedDocument&) const = default;
};

struct Applied {
  std::map<std::string, AppliedDocument> documents;  // by source

  bool operator==(const Applied&) const = default;
};

// The documents to lay over the live settings now, in order. `applied` is nothing on the first boot. With those that
// have a reason come the ones that are to lie over them.
std::vector<Document> to_apply(const std::optional<Applied>& applied, std::span<const Document> documents,
                               bool reapply);
// True on the first boot, even without documents (so that it is recorded), and when there is anything to apply.
bool must_apply(const std::optional<Applied>& applied, std::span<const Document> documents, bool reapply);

// Documents that were refused at an earlier boot, have not changed, and are not among those of to_apply(): they are as
// wrong as they were, and an operator should still hear of it. With why.
std::vector<SourceOutcome> still_refused(const std::optional<Applied>& applied, std::span<const Document> documents,
                                         std::span<const Document> applied_now);

// What is known after these outcomes; those of sources that could not be read change nothing.
Applied after(std::optional<Applied> applied, std::span<const SourceOutcome> outcomes, Time now);

// Nothing when the file is missing. Errors: data_loss when it is none of ours: the caller should take user data as
// applied, because applying it again would undo what was set since.
Result<std::optional<Applied>> load_applied(const sys::Path& file);
Result<> store_applied(const sys::Path& file, const Applied& applied);

}  // namespace bulkhead::user_data
