#include "api-server/daemon/api_server.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <malloc.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "api-server/daemon/access.hpp"
#include "api-server/daemon/first_settings.hpp"
#include "api-server/daemon/no_machine.hpp"
#include "api-server/http/listen.hpp"
#include "lib/boot_times/reader.hpp"
#include "lib/crypto/certificate.hpp"
#include "lib/slots/evidence.hpp"

namespace bulkhead::daemon {
namespace {

namespace asio = boost::asio;
using configuration::ChangeOutcome;
using configuration::Configuration;
using Failure = boost::system::error_code;

constexpr unsigned kSocketMode = 0660;
constexpr unsigned kContainerSocketMode = 0666;
constexpr std::uint32_t kMostOfContainers = 256;
constexpr auto kFrontAgain = std::chrono::milliseconds(200);

constexpr std::size_t kLongestName = 256;

std::string running_hostname() {
  std::array<char, kLongestName> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

handlers::Os os_of(const sys::Path& root) {
  const auto text = sys::read_file(root / "usr/lib/os-release", 64U << 10U);
  const auto value = [&](std::string_view name) { return text ? slots::os_release_value(*text, name) : std::string(); };
  return {.pretty_name = value("PRETTY_NAME"),
          .variant_id = value("VARIANT_ID"),
          .version_id = value("VERSION_ID"),
          .build_id = value("BUILD_ID"),
          .arch = "x86_64"};
}

std::unique_ptr<dbus::Systemd> systemd_for(const Options& options) {
  if (options.on_node) return dbus::SystemdBus::lazy();
  return std::make_unique<NoSystemd>();
}

std::unique_ptr<apply::Kernel> kernel_for(const Options& options) {
  if (options.on_node) return std::make_unique<apply::RunningKernel>();
  return std::make_unique<NoKernel>();
}

}  // namespace

ApiServer::ApiServer(Options options, const log::Log& log)
    : options_(std::move(options)),
      log_(log),
      worker_(loop_),
      systemd_(systemd_for(options_)),
      kernel_(kernel_for(options_)),
      applier_(options_.places.root, *systemd_, *kernel_),
      audit_(log_, [] { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }),
      problems_(log_, options_.on_node ? std::optional<sys::Path>(node_state::kProblemsFile) : std::nullopt,
                [this] { look_at_health(); }),
      file_systems_(options_.places.file_systems, problems_),
      try_deadline_(loop_),
      write_back_delay_(loop_),
      watchdog_(loop_),
      front_again_(loop_),
      signals_(loop_, SIGTERM, SIGINT) {}

Result<> ApiServer::run() {
  TRY(watch_node());
  TRY(watch_file_systems());
  open_configuration();
  TRY(serve());
  ::malloc_trim(0);  // the start needed more than the days after it
  ::sd_notify(0, "READY=1");
  keep_watchdog();
  signals_.async_wait([this](const Failure&, int) {
    ::sd_notify(0, "STOPPING=1");
    front_link_->stop();
    loop_.stop();
  });
  loop_.run();
  return {};
}

Result<> ApiServer::watch_node() {
  if (!options_.on_node) {
    watch_ = NodeWatch::without_systemd();
    return {};
  }
  auto watch = TRY_CTX(NodeWatch::open(loop_, [this] { look_at_health(); }), "watching the node");
  watch_ = std::move(watch);
  return {};
}

Result<> ApiServer::watch_file_systems() {
  TRY(file_systems_.follow());
  file_systems_.look();
  file_system_notices_ = watch_descriptor(file_systems_.fd(), [this] { file_systems_.look(); });
  return {};
}

void ApiServer::open_configuration() {
  OpenedStore opened = open_datastore(options_.places, problems_);
  configuration_ = std::make_unique<Configuration>(configuration::Parts{
      .store = std::move(opened.store),
      .applier = applier_,
      .executor = [this](auto work, auto then) { worker_.run(std::move(work), std::move(then)); },
      .clock = std::chrono::steady_clock::now,
      .events = [this](std::string_view name, const settings::Json& data) { on_event(name, data); },
      .check_access = check_access,
      .took_effect =
          [this](bool applied) {
            report_configuration(*configuration_, applied, problems_);
            follow_access();
            if (front_link_) asio::post(loop_, [this] { listen_remotely(); });
          }});
  user_data_ = std::make_unique<UserDataIntake>(options_.places, *configuration_, log_, problems_, opened.fresh);
  try_timer_.emplace(try_deadline_, *configuration_, audit_, problems_);
  blessing_.emplace(options_.places.state, options_.places.model, configuration_->store(), write_back_delay_, log_);
  health_.emplace(
      events_, [this] { return state(); },
      [this] {
        if (options_.on_node) blessing_->node_ready();
      });
  follow_access();
  apply_first_settings(options_.places, *configuration_, *user_data_, log_, problems_);
  if (!opened.writable) configuration_->lock_down();
  look_at_health();
}

Result<> ApiServer::serve() {
  node_ = std::make_unique<handlers::Node>(handlers::Node{
      .configuration = *configuration_,
      .events = events_,
      .audit = audit_,
      .os = os_of(options_.places.root),
      .state = [this] { return state(); },
      .hostname = running_hostname,
      .user_data = [this] { return user_data_->to_json(); },
      .user_data_again =
          [this](const std::string& accepted, const auto& done) {
            if (!accepted.empty()) {
              if (const auto may = user_data_->may_accept(accepted); !may) return done(fail(may.error()));
            }
            take_in_again(
                options_.places, *configuration_, *user_data_, problems_,
                [this, done](const Result<ChangeOutcome>& outcome) {
                  done(outcome ? Result<settings::Json>(user_data_->to_json()) : fail(outcome.error()));
                },
                accepted);
          },
      .reboot = [this] { return systemd_->reboot(); },
      .file_system = [this](file_systems::FileSystem which) { return file_systems_.outcome(which); },
      .reset_file_system = [this](file_systems::FileSystem which,
                                  auto done) { reset_file_system(which, std::move(done)); },
      .read_boot = [this](auto done) { read_boot(std::move(done)); },
      .watch = [this](int fd, std::function<void()> ready) { return watch_descriptor(fd, std::move(ready)); }});
  handlers::add_routes(router_, *node_);
  front_link_ = std::make_unique<FrontLink>(loop_, router_, [this](const Error& why) { front_is_lost(why); });
  TRY(listen_locally());
  listen_remotely();
  return {};
}

// A few hundred calls of systemd: not on the loop.
void ApiServer::read_boot(std::function<void(Result<boot_times::BootTimes>)> done) {
  if (!options_.on_node)
    return done(fail(ErrorCode::unavailable, "this server runs with --root, so there is no boot to report"));
  const auto times = std::make_shared<Result<boot_times::BootTimes>>();
  worker_.run([times] { *times = boot_times::read(); }, [times, done = std::move(done)] { done(std::move(*times)); });
}

void ApiServer::reset_file_system(file_systems::FileSystem which, std::function<void(Result<>)> done) {
  if (!options_.on_node) return done(fail(ErrorCode::unavailable, "this server runs with --root and formats no disk"));
  const std::string unit = std::format("bulkhead-reset@{}.service", to_string(which));
  const auto outcome = std::make_shared<Result<>>();
  worker_.run([this, unit, outcome] { *outcome = systemd_->act(unit, dbus::UnitAction::start); },
              [this, unit, outcome, done = std::move(done)] {
                file_systems_.look();  // the notice comes later than the answer
                if (*outcome) return done({});
                done(fail(std::move(*outcome).error().with_hint(std::format("see why: apiclient logs -u {}", unit))));
              });
}

// One socket for the node and one for containers.
Result<> ApiServer::listen_locally() {
  if (options_.socket.empty()) return take_sockets_of_systemd();
  if (!options_.container_socket.empty()) {
    sys::UniqueFd socket = TRY(http::listen_on_path(options_.container_socket, kContainerSocketMode));
    TRY(front_link_->serve_unix(std::move(socket), who_is_container, kMostOfContainers));
  }
  sys::UniqueFd socket = TRY(http::listen_on_path(options_.socket, kSocketMode));
  TRY(front_link_->serve_unix(
      std::move(socket), [accounts = find_accounts()](const LocalPeer& peer) { return who_is_local(peer, accounts); }));
  return start_front();
}

// systemd names them (FileDescriptorName=, systemd.socket(5)); the one of the name "front" is for the front alone.
Result<> ApiServer::take_sockets_of_systemd() {
  const Accounts accounts = find_accounts();
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  bool for_clients = false;
  sys::UniqueFd for_front;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<char, decltype(&std::free)> name(names[i], &std::free);
    sys::UniqueFd socket(SD_LISTEN_FDS_START + i);
    if (std::string_view(name.get()) == "front") {
      for_front = std::move(socket);
    } else if (std::string_view(name.get()) == "containers") {
      TRY(front_link_->serve_unix(std::move(socket), who_is_container, kMostOfContainers));
    } else {
      TRY(front_link_->serve_unix(std::move(socket),
                                  [accounts](const LocalPeer& peer) { return who_is_local(peer, accounts); }));
      for_clients = true;
    }
  }
  std::free(static_cast<void*>(names));
  if (for_clients && for_front) return front_link_->accept_from(std::move(for_front), accounts.front);
  return fail(error(ErrorCode::failed_precondition, "systemd passed no socket {}",
                    for_clients ? "for the front" : "for clients")
                  .with_hint("start it through apiserver.socket and apiserver-front.socket, or use --socket PATH"));
}

// Without systemd, which has a unit for it.
Result<> ApiServer::start_front() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return fail_errno("making a channel");
  sys::UniqueFd own(ends[0]);
  const sys::UniqueFd other(ends[1]);
  auto front = TRY_CTX(sys::Child::spawn({.arguments = {options_.front.native(), "--channel", "-"}},
                                         {.in = other.get(), .out = -1, .err = STDERR_FILENO}),
                       "starting the front");
  front_.reset();
  front_.emplace(std::move(front));
  return front_link_->attach(std::move(own));
}

void ApiServer::front_is_lost(const Error& why) {
  log_.write({.priority = log::Priority::warning,
              .message = std::format("the front is lost, clients connect again: {}", why.describe())});
  if (options_.socket.empty()) return;
  front_again_.set_after(kFrontAgain, [this] {
    if (const auto started = start_front(); !started) log_.error(started.error());
  });
}

// The listener follows settings.api. One that cannot be had is a problem, and the socket stays.
void ApiServer::listen_remotely() {
  follow_access();
  auto done = [this] -> Result<> {
    const settings::Json wanted = configuration_->effective().value("api", settings::Json::object());
    if (wanted == api_) return {};
    api_ = wanted;
    front_link_->stop_remote();
    const settings::Api& api = configuration_->in_effect().api;
    if (!api.client_ca) return {};
    const auto own = TRY(own_certificate(options_.places.state / "api", running_hostname()));
    auto wanted_access = TRY(remote_access(api, own));
    if (!wanted_access) return {};
    auto& [address, port, listener] = *wanted_access;
    const auto certificate = TRY(crypto::Certificate::parse_pem(listener.certificates));
    sys::UniqueFd socket = TRY(http::listen_on_address(address, port));
    const std::uint16_t given_port = TRY(http::port_of(socket));
    // What is in force when it is asked, not now: a change that waits for its turn asks again.
    const auto who = [access = access_](const http::ClientCertificate& shown) { return who_is(shown, *access); };
    TRY(front_link_->serve_remote(std::move(socket), std::move(listener), who));
    log_.info("listening on {} port {}; the certificate's fingerprint is {}", address, given_port,
              certificate.fingerprint().to_string());
    return {};
  }();
  front_link_->recheck_access();
  problems_.set("remote listener", done ? "" : done.error().describe());
}

std::shared_ptr<void> ApiServer::watch_descriptor(int fd, std::function<void()> ready) {
  struct Watch {
    asio::posix::stream_descriptor descriptor;
    std::function<void()> ready;
    ~Watch() { descriptor.release(); }
    static void wait(const std::shared_ptr<Watch>& self) {
      self->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                  [weak = std::weak_ptr(self)](const Failure& reason) {
                                    const auto alive = weak.lock();
                                    if (reason || !alive) return;
                                    alive->ready();
                                    wait(alive);
                                  });
    }
  };
  auto watch = std::make_shared<Watch>(asio::posix::stream_descriptor(loop_, fd), std::move(ready));
  Watch::wait(watch);
  return watch;
}

void ApiServer::keep_watchdog() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
  ::sd_notify(0, "WATCHDOG=1");
  watchdog_.set_after(std::chrono::microseconds(microseconds / 3), [this] { keep_watchdog(); });
}

node_state::NodeState ApiServer::state() const {
  node_state::NodeState state = watch_->state();
  state.problems = problems_.lines();
  return state;
}

// When the loop gets to it: everything is there by then, and several changes are one.
void ApiServer::look_at_health() {
  if (look_is_pending_) return;
  look_is_pending_ = true;
  asio::post(loop_, [this] {
    look_is_pending_ = false;
    health_->look();
  });
}

// Before anything else happens: the next change may be of somebody who may nothing any more.
void ApiServer::follow_access() {
  if (!configuration_) return;
  const settings::Json wanted = configuration_->effective().value("api", settings::Json::object());
  if (wanted == access_json_) return;
  access_json_ = wanted;
  *access_ = configuration_->in_effect().api;
}

// Documents that came during a try, or while others were being committed.
void ApiServer::take_in_what_waited() {
  if (configuration_->current_try() || !user_data_->pending()) return;
  asio::post(loop_, [this] {
    if (!user_data_->pending()) return;  // the end of a try is two events
    take_in_again(options_.places, *configuration_, *user_data_, problems_,
                  [this](const Result<ChangeOutcome>& outcome) {
                    if (!outcome) log_.error(outcome.error());
                  });
  });
}

void ApiServer::on_event(std::string_view name, const settings::Json& data) {
  events_.publish(name, data);
  if (name == "try" && try_timer_) try_timer_->follow();
  if ((name == "try" || name == "commit") && user_data_) take_in_what_waited();
  if (name == "commit" && blessing_) blessing_->committed();
  if (name == "commit" && user_data_) user_data_->mark_settled();
}

}  // namespace bulkhead::daemon
