// A version that has come up well: from then on its settings are those that count, and each commit is also written back
// for the version before, to which the node may have to return. docs/decisions/0005-migrations.md.
#pragma once

#include "api-server/daemon/model.hpp"
#include "api-server/daemon/timer.hpp"
#include "api-server/datastore/datastore.hpp"
#include "lib/log/log.hpp"

namespace bulkhead::daemon {

class Blessing {
 public:
  // A burst of commits is written back once, this long after its first one: when the answers have been given.
  static constexpr auto kWriteBackAfter = std::chrono::milliseconds(100);

  // `state` is the directory of the datastore's files. What is given by reference outlives this.
  Blessing(sys::Path state, Model model, const datastore::Datastore& store, Timer& timer, const log::Log& log)
      : state_(std::move(state)), model_(model), store_(store), timer_(timer), log_(log) {}
  Blessing(const Blessing&) = delete;
  Blessing& operator=(const Blessing&) = delete;

  // The node is ready. Does its work when it is called for the first time; what fails is logged.
  void node_ready();
  // After a commit. Nothing is written back before the node was ready.
  void committed();

 private:
  void write_back();

  sys::Path state_;
  Model model_;
  const datastore::Datastore& store_;
  Timer& timer_;
  const log::Log& log_;
  bool blessed_ = false;
  bool waiting_ = false;  // the timer is set
};

}  // namespace bulkhead::daemon
