#include "api-server/daemon/blessing.hpp"

#include <utility>

namespace bulkhead::daemon {

void Blessing::node_ready() {
  if (std::exchange(blessed_, true)) return;
  if (auto done = migrate::bless(state_, model_.version); !done) log_.error(done.error());
  write_back();
}

void Blessing::committed() {
  if (!blessed_ || std::exchange(waiting_, true)) return;
  timer_.set_after(kWriteBackAfter, [this] {
    waiting_ = false;
    write_back();
  });
}

void Blessing::write_back() {
  const auto done = migrate::write_back(state_, model_.version, store_.live(), store_.last_commit(), model_.steps);
  if (!done) log_.error(done.error());
}

}  // namespace bulkhead::daemon
