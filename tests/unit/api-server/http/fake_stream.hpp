// The stream of a client that reads everything, until it goes away.
#pragma once

#include "api-server/http/message.hpp"

namespace bulkhead::testing {

class FakeStream final : public http::Stream {
 public:
  std::vector<std::string> chunks;
  bool gone = false;
  bool closed = false;

  bool send(std::string chunk) override {
    if (gone || closed) return false;
    chunks.push_back(std::move(chunk));
    return true;
  }
  void close() override {
    closed = true;
    leave();
  }
  // The client goes away.
  void leave() {
    if (!std::exchange(gone, true) && on_gone) on_gone();
  }
};

}  // namespace bulkhead::testing
