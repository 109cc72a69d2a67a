// A server on a Unix socket that says what a test tells it to, byte by byte.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "lib/net/endpoint.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::testing {

// One accepted connection. Errors of a peer that has gone are what some tests are about, and ignored.
class Peer {
 public:
  explicit Peer(sys::UniqueFd socket) : socket_(std::move(socket)) {}

  // Head and body of the next request; empty when the client has closed.
  std::string request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    std::size_t size = end + 4;
    if (const auto at = buffer_.find("Content-Length: "); at < end) size += std::stoul(buffer_.substr(at + 16));
    while (buffer_.size() < size) {
      if (!more()) return {};
    }
    std::string whole = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return whole;
  }

  bool send(std::string_view bytes) const {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  // Blocks until the client has closed.
  void wait_for_close() {
    while (more()) {
    }
  }

  bool closes_within(std::chrono::milliseconds time) const {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, static_cast<int>(time.count())) > 0;
  }

 private:
  bool more() {
    std::string piece(4096, '\0');
    const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    buffer_.append(piece, 0, static_cast<std::size_t>(count));
    return true;
  }

  sys::UniqueFd socket_;
  std::string buffer_;
};

class FakeServer {
 public:
  // `serve` runs in a thread, once for each connection, and closes it when it returns.
  explicit FakeServer(std::function<void(Peer&)> serve) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path, path().data(), path().size());
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 16) == 0);
    thread_ = std::jthread([this, serve = std::move(serve)] {
      for (;;) {
        sys::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket) return;
        Peer peer(std::move(socket));
        serve(peer);
      }
    });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() { ::shutdown(listener_.get(), SHUT_RDWR); }  // ends accept(); then the thread is joined

  std::string path() const { return (directory_.path() / "socket").native(); }
  net::Endpoint endpoint() const { return net::UnixEndpoint{path()}; }

 private:
  sys::TempDir directory_ = sys::TempDir::create("/tmp", "net-").value();
  sys::UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::jthread thread_;
};

}  // namespace bulkhead::testing
