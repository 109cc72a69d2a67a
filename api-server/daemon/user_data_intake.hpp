// Takes in the user data of this boot: stages the documents that are to be applied now in a transaction, and records
// the result of each, for the API and for later boots.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-server/configuration/configuration.hpp"
#include "api-server/daemon/places.hpp"
#include "api-server/daemon/problem_list.hpp"
#include "api-server/user-data/applied.hpp"
#include "lib/log/log.hpp"

namespace bulkhead::daemon {

inline constexpr const char* kUserDataTransaction = "node.user-data";

class UserDataIntake {
 public:
  // Who stages and commits it.
  static configuration::Caller caller() { return configuration::the_node("user data"); }

  // `fresh`: these settings do not contain what was applied before.
  UserDataIntake(Places places, configuration::Configuration& configuration, const log::Log& log, ProblemList& problems,
                 bool fresh);
  UserDataIntake(const UserDataIntake&) = delete;
  UserDataIntake& operator=(const UserDataIntake&) = delete;

  // Stages the documents that are to be applied now in kUserDataTransaction; false when there is nothing to do. Refused
  // documents become a problem and an entry of the journal.
  // `accepted`: the source whose document counts although it would be ignored; may_accept() has said yes.
  bool stage(std::string_view accepted = {});
  // What the last stage() made of its documents. A commit takes it along: another stage() may come before it ends.
  const std::vector<intake::SourceOutcome>& outcomes() const { return outcomes_; }
  // A transaction of stage() is live: remembers that its documents were applied.
  void applied(const std::vector<intake::SourceOutcome>& outcomes);
  // It could not be committed, with the reason. During a try its documents are not refused but pending.
  void refused(const Error& reason, std::vector<intake::SourceOutcome> outcomes);
  // There is something to take in when the open try has ended: call stage() then.
  void postpone() { pending_ = true; }
  bool pending() const { return pending_; }

  // Leaves a mark on STATE when no document of a disk can count at the next boot, and takes it away when one can: with
  // the mark, that boot waits for no drivers (bulkhead-config-disks.service).
  void mark_settled() const;

  // Whether an admin can take in the document of this source now. Errors: not_found when none of its is ignored; locked
  // during a try.
  Result<> may_accept(std::string_view source) const;

  settings::Json to_json() const;  // openapi.yaml, UserData

 private:
  struct Ignored {
    std::string source;
    std::string digest;
    std::string reason;
    bool missed = false;  // it would have counted, had it come from the same disk
  };

  Result<user_data::Collected> collect() const;
  void ignore(const user_data::Document& document, const std::string& reason, const intake::AppliedRecord& known);
  void report();
  bool reapplies() const;

  Places places_;
  configuration::Configuration& configuration_;
  const log::Log& log_;
  ProblemList& problems_;
  std::optional<intake::AppliedRecord> known_;
  std::vector<intake::SourceOutcome> outcomes_;
  std::vector<std::string> unchanged_;
  std::vector<Ignored> ignored_;
  bool pending_ = false;
};

}  // namespace bulkhead::daemon
