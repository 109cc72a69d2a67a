#include "api-server/daemon/daemon.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <malloc.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "api-server/daemon/access.hpp"
#include "api-server/daemon/node_watch.hpp"
#include "api-server/daemon/start.hpp"
#include "api-server/daemon/worker.hpp"
#include "api-server/http/server.hpp"
#include "api-server/migrate/bottlerocket.hpp"
#include "lib/cli/program.hpp"
#include "lib/crypto/certificate.hpp"
#include "lib/slots/evidence.hpp"
#include "lib/sys/file_lock.hpp"

namespace bulkhead::daemon {
namespace {

namespace asio = boost::asio;
using configuration::Configuration;
using configuration::Outcome;
using Failure = boost::system::error_code;

constexpr unsigned kSocketMode = 0660;
constexpr auto kWriteBackAfter = std::chrono::milliseconds(100);

struct Options {
  Places places;
  std::string socket;   // empty: the one that systemd gives
  bool on_node = true;  // units, host name and lockdown are touched
};

// Where units are not ours to touch: all are stopped, and so nothing is told.
class NoSystemd final : public dbus::Systemd {
 public:
  Result<std::string> active_state(const std::string& /*unit*/) override { return std::string("inactive"); }
  Result<> act(const std::string& /*unit*/, dbus::UnitAction /*action*/) override { return {}; }
  Result<> reboot() override {
    return fail(ErrorCode::unavailable, "this server was started with --root and does not restart the machine");
  }
};
class NoKernel final : public apply::Kernel {
 public:
  Result<> set_hostname(const std::string& /*name*/) override { return {}; }
  Result<> set_lockdown(const std::string& /*mode*/) override { return {}; }
};

constexpr std::size_t kLongestName = 256;

std::string running_hostname() {
  std::array<char, kLongestName> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

settings::Json os_json(const sys::Path& root) {
  const auto text = sys::read_file(root / "usr/lib/os-release", 64U << 10U);
  const auto value = [&](std::string_view name) { return text ? slots::os_release_value(*text, name) : std::string(); };
  return {{"pretty_name", value("PRETTY_NAME")},
          {"variant_id", value("VARIANT_ID")},
          {"version_id", value("VERSION_ID")},
          {"build_id", value("BUILD_ID")},
          {"arch", "x86_64"}};
}

class ApiServer {
 public:
  ApiServer(Options options, const log::Log& log)
      : options_(std::move(options)),
        log_(log),
        worker_(loop_),
        systemd_(options_.on_node ? std::unique_ptr<dbus::Systemd>(dbus::SystemdBus::lazy())
                                  : std::make_unique<NoSystemd>()),
        kernel_(options_.on_node ? std::unique_ptr<apply::Kernel>(std::make_unique<apply::RunningKernel>())
                                 : std::make_unique<NoKernel>()),
        applier_(options_.places.root, *systemd_, *kernel_),
        audit_(log_, [] { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }),
        try_timer_(loop_),
        write_back_timer_(loop_),
        watchdog_(loop_),
        signals_(loop_, SIGTERM, SIGINT) {}
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  Result<> run() {
    TRY(watch_node());
    const auto problem = [this](const std::string& what, std::string text) { set_problem(what, std::move(text)); };
    OpenedStore opened = open_datastore(options_.places, problem);
    configuration_ = std::make_unique<Configuration>(configuration::Parts{
        .store = std::move(opened.store),
        .applier = applier_,
        .executor = [this](auto work, auto then) { worker_.run(std::move(work), std::move(then)); },
        .clock = std::chrono::steady_clock::now,
        .events = [this](std::string_view name, const settings::Json& data) { on_event(name, data); },
        .check_access = check_access});
    user_data_ = std::make_unique<UserDataIntake>(options_.places, *configuration_, log_, problem, opened.fresh);
    start(options_.places, *configuration_, *user_data_, log_, problem);
    if (!opened.writable) configuration_->lock_down();
    TRY(serve());
    ::malloc_trim(0);  // the start needed more than the days after it
    ::sd_notify(0, "READY=1");
    keep_watchdog();
    signals_.async_wait([this](const Failure&, int) {
      ::sd_notify(0, "STOPPING=1");
      server_->stop();
      loop_.stop();
    });
    loop_.run();
    return {};
  }

 private:
  Result<> watch_node() {
    if (!options_.on_node) {
      watch_ = NodeWatch::without_systemd();
      return {};
    }
    watch_ =
        TRY_CTX(NodeWatch::open(loop_, [this] { asio::post(loop_, [this] { node_changed(); }); }), "watching the node");
    return {};
  }

  Result<> serve() {
    node_ = std::make_unique<handlers::Node>(handlers::Node{
        .configuration = *configuration_,
        .events = events_,
        .audit = audit_,
        .os = os_json(options_.places.root),
        .state = [this] { return watch_->state(); },
        .hostname = running_hostname,
        .user_data = [this] { return user_data_->to_json(); },
        .user_data_again = [this](auto done) { look_again(std::move(done)); },
        .reboot = [this] { return systemd_->reboot(); },
        .watch = [this](int fd, std::function<void()> ready) { return watch_descriptor(fd, std::move(ready)); }});
    handlers::add_routes(router_, *node_);
    server_ = std::make_unique<http::Server>(loop_, router_);
    sys::UniqueFd socket = TRY(listening_socket());
    TRY(server_->listen_unix(std::move(socket)));
    listen_remotely();
    return {};
  }

  Result<sys::UniqueFd> listening_socket() const {
    if (!options_.socket.empty()) return http::listen_on_path(options_.socket, kSocketMode);
    if (::sd_listen_fds(1) != 1)
      return fail(error(ErrorCode::failed_precondition, "systemd gave no socket to listen on")
                      .with_hint("start apiserver.socket, or give --socket"));
    return sys::UniqueFd(SD_LISTEN_FDS_START);
  }

  // The listener follows settings.api. One that cannot be had is a problem, and the socket stays.
  void listen_remotely() {
    auto done = [this] -> Result<> {
      const settings::Json wanted = configuration_->effective().value("api", settings::Json::object());
      if (wanted == api_) return {};
      api_ = wanted;
      server_->stop_remote();
      const auto settings = TRY(settings::Settings::from_json(configuration_->effective()));
      if (!settings.api.client_ca) return {};
      const auto own = TRY(own_identity(options_.places.state / "api", running_hostname()));
      const auto listener = TRY(remote_listener(settings.api, own));
      if (listener) TRY(server_->listen_remote(*listener));
      const auto certificate = TRY(crypto::Certificate::parse_pem(listener->certificates));
      log_.info("listening on {} port {}; the certificate's fingerprint is {}", listener->address,
                server_->remote_port(), certificate.fingerprint().to_string());
      return {};
    }();
    set_problem("remote listener", done ? "" : done.error().describe());
  }

  std::shared_ptr<void> watch_descriptor(int fd, std::function<void()> ready) {
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

  void set_problem(const std::string& what, std::string text) {
    if (!text.empty()) log_.warning("{}: {}", what, text);
    watch_->set_problem(what, std::move(text));
    tell_console();
    node_changed();
  }

  // For bulkhead-console, which cannot ask before the server answers.
  void tell_console() {
    std::string text;
    for (const auto& [what, problem] : watch_->problems()) {
      std::string line = std::format("{}: {}", what, problem);
      std::ranges::replace(line, '\n', ' ');
      text += line + '\n';
    }
    if (!options_.on_node) return;
    if (auto written = sys::write_file_atomically("/run/bulkhead/problems", text); !written)
      log_.error(written.error());
  }

  void node_changed() {
    const node_state::NodeState state = watch_->state();
    const settings::Json health = handlers::health_json(state);
    if (health == last_health_) return;
    last_health_ = health;
    events_.publish("health", health);
    if (state_of(state) == node_state::State::ready) bless();
  }

  // A version that has come up well: from now on its settings are those that count.
  void bless() {
    if (blessed_ || !options_.on_node) return;
    blessed_ = true;
    if (auto done = migrate::bless(options_.places.state, options_.places.model.version); !done)
      log_.error(done.error());
    write_back();
  }

  void write_back() {
    const datastore::Datastore& store = configuration_->store();
    const Model& model = options_.places.model;
    const auto done =
        migrate::write_back(options_.places.state, model.version, store.live(), store.last_commit(), model.steps);
    if (!done) log_.error(done.error());
  }

  // When the answer has been given, and once for a burst of commits.
  void write_back_soon() {
    write_back_timer_.expires_after(kWriteBackAfter);
    write_back_timer_.async_wait([this](const Failure& reason) {
      if (!reason) write_back();
    });
  }

  void on_event(std::string_view name, const settings::Json& data) {
    events_.publish(name, data);
    if (name == "try") watch_try();
    if (name == "commit" && blessed_) write_back_soon();
    if (name != "commit" && name != "apply") return;
    if (server_) asio::post(loop_, [this] { listen_remotely(); });
  }

  void watch_try() {
    try_timer_.cancel();
    const auto& open = configuration_->current_try();
    if (!open) return;
    try_timer_.expires_at(open->deadline);
    try_timer_.async_wait([this](const Failure& reason) {
      if (reason) return;
      configuration_->revert("its time was over", [this](const Result<Outcome>& done) {
        audit_.write({.author = "node",
                      .action = "revert",
                      .result = done ? "done" : "failed",
                      .message = done ? "the time of a try was over" : done.error().describe()});
        if (!done) set_problem("try", done.error().describe());
      });
    });
  }

  void look_again(std::function<void(Result<settings::Json>)> done) {
    NodeFacts found = find_facts(
        options_.places, [this](const std::string& what, std::string text) { set_problem(what, std::move(text)); });
    configuration_->set_facts(std::move(found.generated), std::move(found.facts));
    const auto finish = [this, done](const Result<Outcome>& outcome) {
      done(outcome ? Result<settings::Json>(user_data_->to_json()) : fail(outcome.error()));
    };
    const auto transaction = user_data_->stage();
    if (!transaction) return configuration_->apply({}, finish);
    configuration_->commit({.transaction = *transaction, .author = "user data"},
                           [this, finish](const Result<Outcome>& outcome) {
                             if (outcome)
                               user_data_->applied();
                             else
                               user_data_->refused(outcome.error());
                             finish(outcome);
                           });
  }

  void keep_watchdog() {
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
    ::sd_notify(0, "WATCHDOG=1");
    watchdog_.expires_after(std::chrono::microseconds(microseconds / 3));
    watchdog_.async_wait([this](const Failure& reason) {
      if (!reason) keep_watchdog();
    });
  }

  Options options_;
  const log::Log& log_;
  asio::io_context loop_{1};
  Worker worker_;
  std::unique_ptr<dbus::Systemd> systemd_;
  std::unique_ptr<apply::Kernel> kernel_;
  apply::Applier applier_;
  std::unique_ptr<NodeWatch> watch_;
  handlers::EventHub events_;
  handlers::Audit audit_;
  std::unique_ptr<Configuration> configuration_;
  std::unique_ptr<UserDataIntake> user_data_;
  std::unique_ptr<handlers::Node> node_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  settings::Json api_;  // what the remote listener was made from
  settings::Json last_health_;
  bool blessed_ = false;
  asio::steady_timer try_timer_;
  asio::steady_timer write_back_timer_;
  asio::steady_timer watchdog_;
  asio::signal_set signals_;
};

// For the test that holds routes and contract against each other.
Result<cli::ExitCode> list_routes() {
  const log::Log log(log::Log::Sink::standard_error);
  NoSystemd systemd;
  NoKernel kernel;
  apply::Applier applier("/", systemd, kernel);
  auto store = TRY(datastore::Datastore::open(std::make_unique<datastore::MemoryStorage>(), nullptr));
  Configuration configuration({.store = std::move(store), .applier = applier, .executor = {}, .clock = {}, .events = {}});
  handlers::EventHub events;
  handlers::Audit audit(log, [] { return std::chrono::sys_time<std::chrono::microseconds>(); });
  handlers::Node node{.configuration = configuration, .events = events, .audit = audit};
  http::Router router;
  handlers::add_routes(router, node);
  for (const http::Route& route : router.routes())
    std::puts(std::format("{} {} {}", route.method, route.path, http::to_string(route.role)).c_str());
  return cli::ExitCode::ok;
}

// What Bottlerocket has stored, as a document for `apiclient apply`.
Result<cli::ExitCode> import_bottlerocket(const std::string& directory) {
  const migrate::Imported imported = TRY(migrate::import_bottlerocket(directory));
  for (const auto& left_out : imported.left_out) std::fputs(std::format("apiserver: {}\n", left_out).c_str(), stderr);
  std::puts(settings::Json{{"settings", imported.settings}}.dump(2).c_str());
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> serve(const Options& options) {
  const auto log = log::Log::from_environment();
  TRY(sys::create_directories(options.places.state));
  const auto lock = sys::FileLock::try_acquire(options.places.state / "apiserver.lock");
  if (!lock) return fail(error(ErrorCode::aborted, "another apiserver uses {}", options.places.state.native()));
  ApiServer server(options, log);
  TRY(server.run());
  return cli::ExitCode::ok;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("apiserver", "Owns every setting of the node and serves the API.", BULKHEAD_VERSION);
  program.describe(
      "Started by systemd with a listening socket (apiserver.socket). With --root it works on a tree of files instead "
      "of the machine: no unit, host name or kernel setting is touched. That is for tests, and for trying out settings "
      "on a workstation.");
  Options options;
  std::string root;
  program.root().add_option("--socket", options.socket, "Listen on this path instead of systemd's socket");
  program.root().add_option("--root", root, "Work below this directory and leave the machine alone");
  std::string bottlerocket;
  program.root().add_option(
      "--import-bottlerocket", bottlerocket,
      "Print the settings in a datastore of Bottlerocket (the directory that has live/) as a document "
      "for apiclient apply, and what cannot be taken over");
  bool routes = false;
  program.root().add_flag("--list-routes", routes, "Print every route with its role")->group("");
  program.on_run([&](const cli::Invocation&) -> Result<cli::ExitCode> {
    if (routes) return list_routes();
    if (!bottlerocket.empty()) return import_bottlerocket(bottlerocket);
    if (!root.empty()) {
      options.on_node = false;
      options.places.root = root;
      for (sys::Path* place : {&options.places.state, &options.places.user_data, &options.places.facts})
        *place = options.places.root / place->relative_path();
    }
    return serve(options);
  });
  return program.main(argc, argv);
}

}  // namespace bulkhead::daemon
