#include "api-server/daemon/daemon.hpp"

#include <filesystem>

#include "api-server/daemon/api_server.hpp"
#include "api-server/daemon/no_machine.hpp"
#include "api-server/migrate/bottlerocket.hpp"
#include "lib/cli/program.hpp"
#include "lib/sys/file_lock.hpp"

namespace bulkhead::daemon {
namespace {

using configuration::Configuration;

// For the test that holds routes and contract against each other.
Result<cli::ExitCode> list_routes() {
  const log::Log log(log::Log::Sink::standard_error);
  NoSystemd systemd;
  NoKernel kernel;
  apply::Applier applier("/", systemd, kernel);
  auto store = TRY(datastore::Datastore::open(std::make_unique<datastore::MemoryStorage>(), nullptr));
  Configuration configuration(
      {.store = std::move(store), .applier = applier, .executor = {}, .clock = {}, .events = {}});
  handlers::EventHub events;
  handlers::Audit audit(log, [] { return std::chrono::sys_time<std::chrono::microseconds>(); });
  handlers::Node node{.configuration = configuration, .events = events, .audit = audit};
  http::Router router;
  handlers::add_routes(router, node);
  for (const http::Route& route : router.routes())
    std::puts(std::format("{} {} {}", route.method, route.path, http::name_of(route.role)).c_str());
  return cli::ExitCode::ok;
}

// What Bottlerocket has stored, as a document for `apiclient apply`.
Result<cli::ExitCode> import_bottlerocket(const std::string& directory) {
  const migrate::Imported imported = TRY(migrate::import_bottlerocket(directory));
  for (const auto& left_out : imported.left_out) std::fputs(std::format("apiserver: {}\n", left_out).c_str(), stderr);
  std::puts(settings::Json{{"settings", imported.settings}}.dump(2).c_str());
  return cli::ExitCode::ok;
}

// Empty parts when the kernel does not say where this program is.
sys::Path beside_this_program(std::string_view name) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / name;
}

Result<cli::ExitCode> serve(const Options& options) {
  const auto log = log::Log::from_environment();
  TRY(sys::create_directories(options.places.lock.parent_path()));
  const auto lock = sys::FileLock::try_acquire(options.places.lock);
  if (!lock && lock.error().code == ErrorCode::aborted)
    return fail(ErrorCode::aborted, "another apiserver is using {}", options.places.state.native());
  if (!lock) return fail(lock.error());
  ApiServer server(options, log);
  TRY(server.run());
  return cli::ExitCode::ok;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("apiserver", "Owns every setting of the node and serves the API.", BULKHEAD_VERSION);
  program.describe(
      "Started by systemd with a listening socket (apiserver.socket). With --root it works on a tree of files instead "
      "of the machine and changes no unit, host name or kernel setting. This is for tests, and for trying out settings "
      "on a workstation.");
  Options options;
  std::string root;
  program.root().add_option("--socket", options.socket, "Listen on this Unix socket instead of systemd's");
  program.root().add_option("--container-socket", options.container_socket,
                            "Listen on this Unix socket for containers: readers, whoever they are");
  program.root().add_option(
      "--front", options.front,
      "With --socket: the program that reads requests, apiserver-front beside this one by default");
  program.root().add_option("--root", root, "Work on the files below this directory; leave the machine alone");
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
      for (sys::Path* place : {&options.places.state, &options.places.user_data, &options.places.imds,
                               &options.places.facts, &options.places.file_systems, &options.places.lock})
        *place = options.places.root / place->relative_path();
    }
    if (options.front.empty()) options.front = beside_this_program("apiserver-front");
    return serve(options);
  });
  return program.main(argc, argv);
}

}  // namespace bulkhead::daemon
