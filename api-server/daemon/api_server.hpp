// The API server but for its front: its parts, how they are connected, and serving until SIGTERM.
//
// Everything runs on the thread of the loop, except applying, which the worker does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <optional>

#include "api-server/daemon/blessing.hpp"
#include "api-server/daemon/file_system_watch.hpp"
#include "api-server/daemon/front_link.hpp"
#include "api-server/daemon/health.hpp"
#include "api-server/daemon/node_watch.hpp"
#include "api-server/daemon/problem_list.hpp"
#include "api-server/daemon/try_timer.hpp"
#include "api-server/daemon/user_data_intake.hpp"
#include "api-server/daemon/worker.hpp"
#include "api-server/handlers/routes.hpp"
#include "lib/sys/child.hpp"

namespace bulkhead::daemon {

struct Options {
  Places places;
  std::string socket;            // empty: the sockets that systemd passes
  std::string container_socket;  // with `socket`: that of containers; empty: none
  sys::Path front;               // with `socket`: the program that serves it
  bool on_node = true;           // changes units, host name and lockdown
};

class ApiServer {
 public:
  // The log outlives the server.
  ApiServer(Options options, const log::Log& log);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Serves until SIGTERM or SIGINT. Errors: those of watching the node's state and of its socket, which it needs.
  Result<> run();

 private:
  Result<> watch_node();
  Result<> watch_file_systems();
  void open_configuration();
  Result<> serve();
  Result<> listen_locally();
  Result<> take_sockets_of_systemd();
  Result<> start_front();
  void front_is_lost(const Error& why);
  void listen_remotely();
  void take_in_what_waited();
  void follow_access();
  void reset_file_system(file_systems::FileSystem which, std::function<void(Result<>)> done);
  void read_boot(std::function<void(Result<boot_times::BootTimes>)> done);
  void keep_watchdog();
  node_state::NodeState state() const;
  void look_at_health();
  void on_event(std::string_view name, const settings::Json& data);
  std::shared_ptr<void> watch_descriptor(int fd, std::function<void()> ready);

  Options options_;
  const log::Log& log_;
  boost::asio::io_context loop_{1};
  Worker worker_;
  std::unique_ptr<dbus::Systemd> systemd_;
  std::unique_ptr<apply::Kernel> kernel_;
  apply::Applier applier_;
  std::unique_ptr<NodeWatch> watch_;
  handlers::EventHub events_;
  handlers::Audit audit_;
  ProblemList problems_;
  FileSystemWatch file_systems_;
  std::shared_ptr<void> file_system_notices_;
  LoopTimer try_deadline_;
  LoopTimer write_back_delay_;
  LoopTimer watchdog_;
  std::unique_ptr<configuration::Configuration> configuration_;
  std::unique_ptr<UserDataIntake> user_data_;
  std::optional<TryTimer> try_timer_;
  std::optional<Blessing> blessing_;
  std::optional<Health> health_;
  bool look_is_pending_ = false;
  std::unique_ptr<handlers::Node> node_;
  http::Router router_;
  std::unique_ptr<FrontLink> front_link_;
  LoopTimer front_again_;
  std::optional<sys::Child> front_;  // with Options::socket
  settings::Json api_;               // the settings of the current remote listener
  // settings.api in force: what who_is() goes by.
  settings::Json access_json_;
  std::shared_ptr<settings::Api> access_ = std::make_shared<settings::Api>();
  boost::asio::signal_set signals_;
};

}  // namespace bulkhead::daemon
