#include "api-server/daemon/node_watch.hpp"

#include "lib/node_state/network_watch.hpp"
#include "lib/slots/evidence.hpp"

namespace bulkhead::daemon {
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
  watch->units_ = TRY(node_state::UnitWatch::open(events, std::move(on_change)));
  const auto evidence = TRY(slots::read_evidence({}));
  watch->running_ = slots::explain(evidence);
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

node_state::NodeState NodeWatch::state() const {
  node_state::NodeState state{.running = running_, .boot_complete = !units_};
  if (units_) {
    units_->status().copy_to(state);
    if (auto addresses = node_state::NetworkWatch::addresses()) state.addresses = *std::move(addresses);
  }
  return state;
}

}  // namespace bulkhead::daemon
