// User data is applied once: the record on STATE of what was applied, and which documents to apply now.
//
// On the first boot, all of them. Later, a document is applied only when it was refused and has changed since, when the
// metadata service answers for the first time (on the first boot the API starts before the network), or when
// settings.boot.reapply-user-data is set and any document has changed. Neither a source that was not there on the first
// boot counts, nor what has changed on a disk that may be another one than then, unless an admin accepts it. Pure
// functions; reading and writing are separate.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api-server/user-data/user_data.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::intake {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct AppliedDocument {
  std::string sha256;
  bool refused = false;
  Time time{};
  // The disk that this source is bound to (Document::disk). Empty: not known, and no disk is taken for it.
  std::string disk{};

  bool operator==(const AppliedDocument&) const = default;
};

struct AppliedRecord {
  std::map<std::string, AppliedDocument> documents{};  // by source
  // The record was lost once: a document of a source that is not in it was applied then, as far as anybody knows.
  bool incomplete = false;

  bool operator==(const AppliedRecord&) const = default;
};

// Whether a source has come after the first boot: a disk that somebody attached later must not take the node over. The
// metadata service cannot, it is only asked late.
bool is_new(const AppliedRecord& applied, const std::string& source);

// Why this document does not count, whatever the settings say, until an admin accepts it: its source is new, or it has
// changed and may be from another disk. Empty when it may count.
std::optional<std::string> why_ignored(const AppliedRecord& applied, const Document& document);
// Whether there is anything to accept: the same, also for a document that is as it was, on what may be another disk.
bool can_be_accepted(const AppliedRecord& applied, const Document& document);

// The documents to apply to the live settings now, in order; never those that are ignored. `applied` is empty on the
// first boot. `accepted`: the source whose document an admin takes in now. Documents that override one of them are
// applied again too.
std::vector<Document> to_apply(const std::optional<AppliedRecord>& applied, std::span<const Document> documents,
                               bool reapply, std::string_view accepted = {});
// True on the first boot, even without documents (so that it is recorded), and when there is anything to apply.
bool must_apply(const std::optional<AppliedRecord>& applied, std::span<const Document> documents, bool reapply);

// Documents that were refused at an earlier boot, have not changed, and are not among those of to_apply(): they remain
// problems of the node. With the reasons.
std::vector<SourceOutcome> still_refused(const std::optional<AppliedRecord>& applied,
                                         std::span<const Document> documents, std::span<const Document> applied_now);

// The record after these outcomes; sources that could not be read change nothing. Only an admin who accepts a document
// binds its source to another disk.
AppliedRecord after(std::optional<AppliedRecord> applied, std::span<const SourceOutcome> outcomes, Time now);

// An incomplete record with these documents added, those of sources that it does not know. It is not known which disks
// they came from.
AppliedRecord completed(AppliedRecord applied, std::span<const Document> documents, Time now);

// Empty when the file is missing. Errors: data_loss when the file is damaged. In both cases the caller should treat
// user data as applied when settings are stored, because applying it again would override later changes.
Result<std::optional<AppliedRecord>> load_applied(const sys::Path& file);
Result<> store_applied(const sys::Path& file, const AppliedRecord& applied);

}  // namespace bulkhead::intake
