#include "api-server/front/front.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <format>
#include <optional>
#include <string_view>

#include "api-server/front/daemon_link.hpp"
#include "api-server/front/lockdown.hpp"
#include "api-server/front/service_manager.hpp"
#include "api-server/http/server.hpp"

namespace bulkhead::front {
namespace {

namespace asio = boost::asio;

// How long clients have to take the answers that are under way, when the daemon has ended.
constexpr auto kFarewell = std::chrono::seconds(1);

// Waits while the daemon starts: systemd listens on its behalf.
Result<sys::UniqueFd> channel_at(std::string_view path) {
  if (path == "-") {
    // Only there once, so that nothing keeps it open.
    sys::UniqueFd socket(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!socket) return fail_errno("standard input is not the channel to the daemon");
    ::close(STDIN_FILENO);
    return socket;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return fail(ErrorCode::invalid_argument, "'{}' is too long for the path of a socket", path);
  std::ranges::copy(path, std::begin(address.sun_path));
  sys::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("making a socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail_errno("connecting to the daemon at {}", path);
  return socket;
}

class Front {
 public:
  explicit Front(const ServiceManager& manager)
      : manager_(manager),
        server_(loop_, link_),
        watchdog_(loop_),
        farewell_(loop_),
        signals_(loop_, SIGTERM, SIGINT) {}

  // Returns why the channel has ended; nothing after SIGTERM.
  Result<> run(sys::UniqueFd channel) {
    auto opened = TRY(channel::Channel::over(loop_, std::move(channel), {.largest_frame = channel::kLargestToFront}));
    link_.start(std::move(opened), {.server = &server_,
                                    .on_serving = [this] { manager_.notify("READY=1"); },
                                    .on_end = [this](const Error& why) { say_farewell(why); }});
    signals_.async_wait([this](const boost::system::error_code&, int) { loop_.stop(); });
    keep_watchdog();
    loop_.run();
    server_.stop();
    if (why_) return fail(*why_);
    return {};
  }

 private:
  void keep_watchdog() {
    const auto every = manager_.watchdog();
    if (!every) return;
    manager_.notify("WATCHDOG=1");
    watchdog_.expires_after(*every / 2);
    watchdog_.async_wait([this](const boost::system::error_code& reason) {
      if (!reason) keep_watchdog();
    });
  }

  void say_farewell(const Error& why) {
    why_ = why;
    server_.finish();
    farewell_.expires_after(kFarewell);
    farewell_.async_wait([this](const boost::system::error_code&) { loop_.stop(); });
  }

  const ServiceManager& manager_;
  asio::io_context loop_{1};
  DaemonLink link_;
  http::Server server_;
  asio::steady_timer watchdog_;
  asio::steady_timer farewell_;
  asio::signal_set signals_;
  std::optional<Error> why_;
};

Result<> serve(std::string_view path) {
  const auto manager = TRY(ServiceManager::of_environment());
  sys::UniqueFd channel = TRY(channel_at(path));
  ::OPENSSL_init_ssl(0, nullptr);  // reads its configuration, as long as that is allowed
  Front front(manager);
  ::malloc_trim(0);
  TRY(lock_down());
  return front.run(std::move(channel));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--channel") {
    std::fputs("usage: apiserver-front --channel PATH|-\n", stderr);
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);
  const auto served = serve(argv[2]);
  if (served) return 0;
  // Not to the journal's socket, which would be a path to reach. systemd connects standard error to it.
  std::fputs(std::format("apiserver-front: {}\n", served.error().describe()).c_str(), stderr);
  return served.error().code == ErrorCode::aborted ? 0 : 1;  // the daemon has ended: no failure of this program
}

}  // namespace bulkhead::front
