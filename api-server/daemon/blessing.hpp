// A version that was found good: from then on its settings are the good ones, and each commit is also written back for
// the previous version, to which the node may have to return. docs/decisions/0005-migrations.md.
#pragma once

#include "api-server/daemon/model.hpp"
#include "api-server/daemon/timer.hpp"
#include "api-server/datastore/datastore.hpp"
#include "lib/log/log.hpp"

namespace bulkhead::daemon {

class Blessing {
 public:
  // A burst of commits is written back once, this long after its first one, so that answers come first.
  static constexpr auto kWriteBackAfter = std::chrono::milliseconds(100);

  // `state` is the directory of the datastore's files. References must outlive this object.
  Blessing(sys::Path state, Model model, const datastore::Datastore& store, Timer& timer, const log::Log& log)
      : state_(std::move(state)), model_(model), store_(store), timer_(timer), log_(log) {}
  Blessing(const Blessing&) = delete;
  Blessing& operator=(const Blessing&) = delete;

  // The node is ready. Acts only on the first call; failures are logged.
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
