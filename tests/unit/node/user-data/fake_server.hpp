// An HTTP server for one test, in a thread: answers each request by a function.
#pragma once

#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::testing {

class FakeServer {
 public:
  // What is sent back; nothing: the connection stays open and silent.
  using Handler = std::function<std::optional<std::string>(const std::string& request)>;

  // On a free port of the loopback interface, or the given one.
  explicit FakeServer(Handler handler, std::uint16_t port = 0) : handler_(std::move(handler)) {
    listener_ = sys::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    start();
  }

  FakeServer(Handler handler, const sys::Path& socket) : handler_(std::move(handler)) {
    listener_ = sys::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), socket.c_str(), socket.native().size());
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    start();
  }

  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  void start() {
    REQUIRE(::listen(listener_.get(), 16) == 0);
    thread_ = std::thread([this] { serve(); });
  }

  void serve() {
    std::vector<sys::UniqueFd> silent;
    for (;;) {
      std::array<pollfd, 2> events = {pollfd{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                      pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      if (events[1].revents != 0) return;
      sys::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) continue;
      std::string request;
      std::array<char, 4096> piece{};
      while (!request.contains("\r\n\r\n")) {
        const ssize_t count = ::read(client.get(), piece.data(), piece.size());
        if (count <= 0) break;
        request.append(piece.data(), static_cast<std::size_t>(count));
      }
      {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
      }
      const auto answer = handler_(request);
      if (!answer) {
        silent.push_back(std::move(client));
        continue;
      }
      for (std::size_t sent = 0; sent < answer->size();) {
        const ssize_t count = ::send(client.get(), answer->data() + sent, answer->size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
    }
  }

  Handler handler_;
  sys::UniqueFd listener_;
  sys::UniqueFd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

inline std::string http_answer(unsigned status, const std::string& body) {
  return std::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

}  // namespace bulkhead::testing
