#include "api-server/daemon/node_watch.hpp"

#include <unistd.h>

#include <array>

#include "api-server/console/banner.hpp"
#include "api-server/console/network_watch.hpp"
#include "lib/slots/evidence.hpp"

namespace bulkhead::daemon {
namespace {

constexpr std::size_t kLongestName = 256;

std::string running_hostname() {
  std::array<char, kLongestName> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

NodeWatch::NodeWatch() = default;

NodeWatch::~NodeWatch() {
  // The descriptor belongs to the event loop of systemd's library.
  if (descriptor_) descriptor_->release();
}

std::unique_ptr<NodeWatch> NodeWatch::without_systemd() { return std::unique_ptr<NodeWatch>(new NodeWatch); }

Result<std::unique_ptr<NodeWatch>> NodeWatch::open(boost::asio::io_context& loop, std::function<void()> on_change) {
  std::unique_ptr<NodeWatch> watch(new NodeWatch);
  sd_event* events = nullptr;
  if (const int status = ::sd_event_new(&events); status < 0) return fail(errno_error(-status, "making an event loop"));
  watch->events_.reset(events);
  watch->units_ = TRY(console::UnitWatch::open(events, std::move(on_change)));
  watch->running_ = slots::explain(TRY(slots::read_evidence({})));
  watch->descriptor_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop, ::sd_event_get_fd(events));
  watch->wait();
  return watch;
}

// sd_event_get_fd(3): readable when there is something to dispatch.
void NodeWatch::wait() {
  while (::sd_event_run(events_.get(), 0) > 0) {
  }
  descriptor_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                          [this](const boost::system::error_code& reason) {
                            if (!reason) wait();
                          });
}

handlers::NodeState NodeWatch::state() const {
  handlers::NodeState state{.state = "ready", .hostname = running_hostname()};
  if (units_) {
    console::NodeView view;
    view.running = running_;
    view.failed_units = units_->status().failed_units;
    view.boot_complete = units_->status().boot_complete;
    view.blessed = units_->status().blessed;
    state.state = console::state_of(view);
    state.failed_units.assign(view.failed_units.begin(), view.failed_units.end());
    state.slot = running_.slot ? gpt::to_string(*running_.slot) : "";
    state.boot = slots::describe(running_);
    if (const auto addresses = console::NetworkWatch::addresses()) {
      for (const console::Address& address : *addresses) state.addresses.push_back(address.text);
    }
  }
  for (const std::string& unit : state.failed_units) state.problems.push_back(unit + " failed");
  for (const auto& [what, text] : problems_) state.problems.push_back(std::format("{}: {}", what, text));
  if (!problems_.empty()) state.state = "degraded";
  return state;
}

void NodeWatch::set_problem(const std::string& what, std::string text) {
  if (text.empty())
    problems_.erase(what);
  else
    problems_[what] = std::move(text);
}

}  // namespace bulkhead::daemon
