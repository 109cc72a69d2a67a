// From the files on disk to a configuration in effect: migrate, open, take in user data, find facts, apply. An error in
// one of these never keeps the server from starting: it becomes a problem of the node, which is then degraded, and an
// operator can look at it through the API.
#pragma once

#include <functional>

#include "api-server/configuration/configuration.hpp"
#include "api-server/daemon/user_data_intake.hpp"

namespace bulkhead::daemon {

// The datastore on STATE. If it cannot be read, an empty one in memory, and a problem: the node comes up with its
// defaults, and the file on STATE stays, to be repaired.
struct OpenedStore {
  datastore::Datastore store;
  bool writable = true;  // it is on STATE
  bool fresh = false;    // there were no settings yet
};
OpenedStore open_datastore(const Places& places, ProblemList& problems);

// Facts about the node, as generated settings and for templates.
struct NodeFacts {
  settings::Json generated;
  render::Facts facts;
};
NodeFacts find_facts(const Places& places, ProblemList& problems);

// Other settings are in effect: a problem for each stored setting that is not (from the 21st on, one for all of them),
// and, when everything was applied, none of an earlier failure to do so.
void report_configuration(const configuration::Configuration& configuration, bool applied, ProblemList& problems);

// Everything at the start, in order, on the calling thread.
void apply_first_settings(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
                          const log::Log& log, ProblemList& problems);

// The same while the server runs: finds facts, takes in the user data that is to be applied now, and applies. `done` is
// called once. `accepted`: the source whose document an admin takes in although it is ignored; may be empty.
void take_in_again(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
                   ProblemList& problems, configuration::Done done, std::string_view accepted = {});

}  // namespace bulkhead::daemon
