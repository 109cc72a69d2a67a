// The instance metadata service of EC2, version 2, as a fake that behaves: a session needs a token, a token needs a
// lifetime, and at first the service is not ready.
//
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" and "Instance identity documents".
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/fake_server.hpp"

namespace bulkhead::testing {

class FakeImds {
 public:
  // `documents`: what is found at each path. The first `not_ready` requests are answered with 503.
  FakeImds(std::map<std::string, std::string> documents, int not_ready)
      : documents_(std::move(documents)), not_ready_(not_ready) {}

  std::string socket() const { return server_.path(); }
  void put(const std::string& path, std::string document) {
    const std::scoped_lock lock(mutex_);
    documents_[path] = std::move(document);
  }
  // "PUT /latest/api/token 503": all that was asked so far, in order.
  std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  struct Answer {
    int status;
    std::string body{};
  };

  static std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  }

  void serve(Peer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      const std::string line = request.substr(0, request.find(" HTTP/"));
      const Answer answer = answer_to(line, lower(request));
      const std::scoped_lock lock(mutex_);
      requests_.push_back(std::format("{} {}", line, answer.status));
      if (!peer.send(std::format("HTTP/1.1 {} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.status,
                                 answer.body.size()) +
                     answer.body))
        return;
    }
  }

  Answer answer_to(const std::string& line, const std::string& head) {
    const std::scoped_lock lock(mutex_);
    if (not_ready_ > 0) {
      --not_ready_;
      return {.status = 503};
    }
    if (line == "PUT /latest/api/token") {
      if (!head.contains("\r\nx-aws-ec2-metadata-token-ttl-seconds: ")) return {.status = 400};
      return {.status = 200, .body = kToken};
    }
    if (!head.contains(std::format("\r\nx-aws-ec2-metadata-token: {}\r\n", lower(kToken)))) return {.status = 401};
    const auto found = line.starts_with("GET ") ? documents_.find(line.substr(4)) : documents_.end();
    if (found == documents_.end()) return {.status = 404};
    return {.status = 200, .body = found->second};
  }

  static constexpr const char* kToken = "AQAAAFtoken-of-this-session==";

  mutable std::mutex mutex_;
  std::map<std::string, std::string> documents_;
  int not_ready_;
  std::vector<std::string> requests_;
  FakeServer server_{[this](Peer& peer) { serve(peer); }};  // last: its thread uses all of the above
};

}  // namespace bulkhead::testing
