// Addresses of this node, and a notice when they change.
#pragma once

#include <vector>

#include "lib/base/result.hpp"
#include "lib/node_state/node_state.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::node_state {

class NetworkWatch {
 public:
  static Result<NetworkWatch> open();

  // Readable when something changed; drain() then reads the notices.
  int fd() const { return socket_.get(); }
  void drain();

  // Of interfaces with a device behind them (not of bridges, tunnels or containers), without link-local IPv6 ones.
  // Sorted.
  static Result<std::vector<Address>> addresses();

 private:
  explicit NetworkWatch(sys::UniqueFd socket) : socket_(std::move(socket)) {}
  sys::UniqueFd socket_;
};

}  // namespace bulkhead::node_state
