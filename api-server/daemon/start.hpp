// From what is on disk to a configuration that is in force: migrate, open, take in user data, find facts, apply. What
// can go wrong with one of these never keeps the server from starting: it becomes a problem of the node, which counts
// as degraded, and an operator can look through the API.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api-server/configuration/configuration.hpp"
#include "api-server/daemon/model.hpp"
#include "api-server/user-data/applied.hpp"
#include "lib/log/log.hpp"
#include "lib/user_data/documents.hpp"
#include "lib/user_data/facts.hpp"

namespace bulkhead::daemon {

struct Places {
  sys::Path root = "/";                                 // of rendered files, and of what facts are read from
  sys::Path state = "/var/lib/bulkhead";                // STATE
  sys::Path user_data = user_data::kUserDataDirectory;  // documents of this boot
  sys::Path facts = user_data::kFactsFile;              // of the cloud
  Model model = settings_model();
};

// Tells what is wrong with `what`; an empty text: nothing any more.
using Problem = std::function<void(const std::string& what, std::string text)>;

// The datastore on STATE. When it cannot be read, an empty one in memory, and a problem: the node comes up with its
// defaults, and what is on STATE stays for whoever can mend it.
struct OpenedStore {
  datastore::Datastore store;
  bool writable = true;  // it is on STATE
  bool fresh = false;    // there were no settings yet
};
OpenedStore open_datastore(const Places& places, const Problem& problem);

// What the node found out by itself, as settings and for templates.
struct NodeFacts {
  settings::Json generated;
  render::Facts facts;
};
NodeFacts find_facts(const Places& places, const Problem& problem);

class UserDataIntake {
 public:
  // `fresh`: whatever was applied before is not in these settings.
  UserDataIntake(Places places, configuration::Configuration& configuration, const log::Log& log, Problem problem,
                 bool fresh);

  // Stages the documents that count now in a transaction; its name, or nothing when there is nothing to do. Refused
  // documents become a problem and an entry of the journal.
  std::optional<std::string> stage();
  // The transaction of stage() is live: remembers that its documents were applied.
  void applied();
  // It could not be: why.
  void refused(const Error& reason);

  settings::Json to_json() const;  // openapi.yaml, UserData

 private:
  void tell();

  Places places_;
  configuration::Configuration& configuration_;
  const log::Log& log_;
  Problem problem_;
  std::optional<user_data::Applied> known_;
  std::vector<user_data::SourceOutcome> outcomes_;
  std::vector<std::string> unchanged_;
};

// Everything at the start, in order, on the calling thread.
void start(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
           const log::Log& log, const Problem& problem);

}  // namespace bulkhead::daemon
