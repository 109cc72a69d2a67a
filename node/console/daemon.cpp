#include "node/console/daemon.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <chrono>
#include <memory>

#include "lib/base/text.hpp"
#include "lib/node_state/network_watch.hpp"
#include "lib/node_state/unit_watch.hpp"
#include "lib/slots/evidence.hpp"
#include "lib/sys/pause.hpp"
#include "node/console/banner.hpp"
#include "node/console/consoles.hpp"

namespace bulkhead::console {
namespace {

using node_state::NetworkWatch;
using node_state::NodeState;
using node_state::State;
using node_state::UnitWatch;

constexpr std::chrono::seconds kReadingTime{10};  // time to read the console

std::vector<std::string> read_problems() {
  std::vector<std::string> problems;
  const auto text = sys::read_file(node_state::kProblemsFile, 64U << 10U);
  if (!text) return problems;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.empty()) problems.emplace_back(line);
  }
  return problems;
}

Result<> check(int status, std::string_view what) {
  if (status < 0) return fail(errno_error(-status, "{}", what));
  return {};
}

// The content of a console: the node, under the product's name.
struct View {
  std::string product;  // NAME of os-release
  NodeState node;

  std::string text() const { return banner(product, node); }
  bool operator==(const View&) const = default;
};

Result<View> first_view() {
  const slots::Sources sources;
  const slots::Evidence evidence = TRY(slots::read_evidence(sources));
  const std::string os_release = TRY(sys::read_file(sources.os_release, 64U << 10U));
  View view;
  view.product = slots::os_release_value(os_release, "NAME");
  view.node.variant = slots::os_release_value(os_release, "VARIANT_ID");
  view.node.running = slots::explain(evidence);
  return view;
}

log::Entry entry_of(const NodeState& node) {
  const bool degraded = state_of(node) == State::degraded;
  std::string units;
  for (const std::string& unit : node.failed_units) units += (units.empty() ? "" : " ") + unit;
  std::string reasons = units;
  for (const std::string& problem : node.problems) reasons += (reasons.empty() ? "" : "; ") + problem;
  return {.priority = degraded ? log::Priority::warning : log::Priority::notice,
          .message = degraded ? std::format("node is degraded: {}", reasons)
                              : std::format("node is {}", to_string(state_of(node))),
          .message_id = degraded ? log::kNodeDegraded.id : log::kNodeReady.id,
          .fields = {{"BULKHEAD_SLOT", node.running.slot ? node_state::slot_letter(node.running) : "unknown"},
                     {"BULKHEAD_VERSION", node.running.version.to_string()},
                     {"BULKHEAD_UNITS", units}}};
}

class BannerLoop {
 public:
  BannerLoop(const log::Log& log, View view) : log_(log), shown_(view), view_(std::move(view)) {}
  BannerLoop(const BannerLoop&) = delete;
  BannerLoop& operator=(const BannerLoop&) = delete;

  Result<> run() {
    sd_event* raw = nullptr;
    TRY(check(::sd_event_new(&raw), "making an event loop"));
    const std::unique_ptr<sd_event, sd_event* (*)(sd_event*)> loop(raw, ::sd_event_unref);
    auto network = TRY(NetworkWatch::open());
    network_ = &network;
    const auto units = TRY(UnitWatch::open(loop.get(), [this] { schedule(); }));
    units_ = units.get();
    TRY(check(::sd_event_add_signal(loop.get(), nullptr, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, nullptr, nullptr),
              "watching SIGTERM"));
    TRY(check(::sd_event_add_io(loop.get(), nullptr, network.fd(), POLLIN, on_network, this), "watching the network"));
    const sys::Path directory = sys::Path(node_state::kProblemsFile).parent_path();
    TRY(check(
        ::sd_event_add_inotify(loop.get(), nullptr, directory.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE, on_problems, this),
        "watching for problems"));
    // Drawn after all pending events, so that a burst of changes makes one banner.
    sd_event_source* draw = nullptr;
    TRY(check(::sd_event_add_defer(loop.get(), &draw, on_draw, this), "preparing to draw"));
    draw_.reset(draw);
    TRY(check(::sd_event_source_set_priority(draw, SD_EVENT_PRIORITY_IDLE), "preparing to draw"));
    ::sd_notify(0, "READY=1");
    return check(::sd_event_loop(loop.get()), "running the event loop");
  }

 private:
  static int on_network(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* self) {
    static_cast<BannerLoop*>(self)->network_->drain();
    static_cast<BannerLoop*>(self)->schedule();
    return 0;
  }

  static int on_problems(sd_event_source* /*source*/, const inotify_event* /*event*/, void* self) {
    static_cast<BannerLoop*>(self)->schedule();
    return 0;
  }

  static int on_draw(sd_event_source* /*source*/, void* self) {
    static_cast<BannerLoop*>(self)->draw();
    return 0;
  }

  // A deferred source runs once each time it is switched on.
  void schedule() { ::sd_event_source_set_enabled(draw_.get(), SD_EVENT_ONESHOT); }

  void draw() {
    NodeState& node = view_.node;
    units_->status().copy_to(node);
    node.problems = read_problems();
    if (auto addresses = NetworkWatch::addresses()) node.addresses = *std::move(addresses);
    if (drawn_ && view_ == shown_) return;
    write_to_all(view_.text() + status_line(node));
    const State before = drawn_ ? state_of(shown_.node) : State::starting;
    if (state_of(node) != before) log_.write(entry_of(node));
    drawn_ = true;
    shown_ = view_;
  }

  const log::Log& log_;
  NetworkWatch* network_ = nullptr;
  UnitWatch* units_ = nullptr;
  std::unique_ptr<sd_event_source, sd_event_source* (*)(sd_event_source*)> draw_{nullptr, ::sd_event_source_unref};
  bool drawn_ = false;
  View shown_;
  View view_;
};

}  // namespace

Result<> run(const log::Log& log) {
  auto view = TRY(first_view());
  BannerLoop loop(log, std::move(view));
  return loop.run();
}

Result<> announce_failure(const std::string& reason) {
  View view = TRY(first_view());
  // Without systemd's answer, only the reason is shown.
  if (auto status = UnitWatch::look()) view.node.failed_units = std::move(status->failed_units);
  write_to_all(view.text() + reason + std::format(" Restarting in {} s.\n", kReadingTime.count()) +
               status_line(view.node));
  sys::pause_until_sigterm(kReadingTime);
  return {};
}

}  // namespace bulkhead::console
