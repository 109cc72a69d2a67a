#include "node/units/relay.hpp"

#include <sys/socket.h>

#include <format>
#include <string>

namespace bulkhead::units {
namespace {

using dbus::Bus;
using dbus::check;
using dbus::Message;

constexpr const char* kLocal = "org.freedesktop.DBus.Local";

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

// The next argument, if it is a text.
std::string next_text(sd_bus_message* message) {
  char type = 0;
  if (::sd_bus_message_peek_type(message, &type, nullptr) <= 0 || type != SD_BUS_TYPE_STRING) return {};
  const char* text = nullptr;
  return ::sd_bus_message_read_basic(message, type, &text) < 0 ? std::string() : text_of(text);
}

dbus::MethodCall read_call(sd_bus_message* message) {
  dbus::MethodCall call{.path = text_of(::sd_bus_message_get_path(message)),
                        .interface = text_of(::sd_bus_message_get_interface(message)),
                        .member = text_of(::sd_bus_message_get_member(message))};
  call.first = next_text(message);
  call.second = next_text(message);
  ::sd_bus_message_rewind(message, 1);
  return call;
}

// The answer goes to who has asked; nobody minds if he is gone.
int on_answer(sd_bus_message* answer, void* data, sd_bus_error* /*error*/) {
  const Message call(static_cast<sd_bus_message*>(data));
  if (::sd_bus_message_is_method_error(answer, nullptr) > 0) {
    ::sd_bus_reply_method_error(call.get(), ::sd_bus_message_get_error(answer));
    return 1;
  }
  sd_bus_message* raw = nullptr;
  if (::sd_bus_message_new_method_return(call.get(), &raw) < 0) return 1;
  const Message copy(raw);
  if (::sd_bus_message_copy(raw, answer, 1) >= 0) ::sd_bus_send(nullptr, raw, nullptr);
  return 1;
}

// Returns a negative errno value when it could not be passed on.
int pass_on(sd_bus* manager, sd_bus_message* call, const dbus::MethodCall& what) {
  sd_bus_message* raw = nullptr;
  const int made = ::sd_bus_message_new_method_call(manager, &raw, dbus::kSystemdService, what.path.c_str(),
                                                    what.interface.c_str(), what.member.c_str());
  if (made < 0) return made;
  const Message copy(raw);
  if (const int copied = ::sd_bus_message_copy(raw, call, 1); copied < 0) return copied;
  const int sent = ::sd_bus_call_async(manager, nullptr, raw, on_answer, call, 0);
  if (sent >= 0) ::sd_bus_message_ref(call);  // on_answer() gives it back
  return sent;
}

}  // namespace

struct Relay::Client {
  Bus bus{};
  sd_bus* manager = nullptr;
  dbus::Caller caller = dbus::Caller::reader;
  bool subscribed = false;
  bool gone = false;

  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // Without a flush, which would wait for one that does not read.
  ~Client() { ::sd_bus_close_unref(bus.release()); }

  static int on_message(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
    auto& client = *static_cast<Client*>(self);
    if (::sd_bus_message_is_signal(message, kLocal, "Disconnected") > 0) client.gone = true;
    if (::sd_bus_message_is_method_call(message, nullptr, nullptr) > 0) client.answer(message);
    return 1;
  }

  void answer(sd_bus_message* message) {
    const dbus::MethodCall call = read_call(message);
    if (!dbus::may_call(caller, call)) {
      ::sd_bus_reply_method_errorf(message, SD_BUS_ERROR_ACCESS_DENIED, "bulkhead-units does not pass on %s %s",
                                   call.member.c_str(), call.first.c_str());
      return;
    }
    if (call.member == "Subscribe") {
      subscribed = true;
      ::sd_bus_reply_method_return(message, nullptr);
      return;
    }
    if (const int failed = pass_on(manager, message, call); failed < 0)
      ::sd_bus_reply_method_errno(message, failed, nullptr);
  }

  void notify(sd_bus_message* signal) {
    if (gone || !subscribed) return;
    std::uint64_t waiting = 0;
    if (::sd_bus_get_n_queued_write(bus.get(), &waiting) < 0 || waiting > kMostWaiting) {
      gone = true;
      return;
    }
    sd_bus_message* raw = nullptr;
    if (::sd_bus_message_new_signal(bus.get(), &raw, ::sd_bus_message_get_path(signal),
                                    ::sd_bus_message_get_interface(signal), ::sd_bus_message_get_member(signal)) < 0)
      return;
    const Message copy(raw);
    ::sd_bus_message_rewind(signal, 1);
    if (::sd_bus_message_copy(raw, signal, 1) >= 0) ::sd_bus_send(bus.get(), raw, nullptr);
  }
};

Relay::Relay(sd_event* loop, Bus manager) : loop_(loop), manager_(std::move(manager)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::open(sd_event* loop, Bus manager) {
  std::unique_ptr<Relay> relay(new Relay(loop, std::move(manager)));
  sd_bus* raw = relay->manager_.get();
  TRY(check(::sd_bus_add_filter(raw, nullptr, on_signal, relay.get()), "watching systemd"));
  TRY(check(::sd_bus_call_method(raw, dbus::kSystemdService, dbus::kSystemdPath, dbus::kSystemdManager, "Subscribe",
                                 nullptr, nullptr, nullptr),
            "subscribing to systemd"));
  TRY(check(::sd_bus_attach_event(raw, loop, SD_EVENT_PRIORITY_NORMAL), "attaching the bus to the event loop"));
  TRY(check(::sd_bus_set_exit_on_disconnect(raw, 1), "watching the connection to systemd"));
  return relay;
}

Result<> Relay::add(sys::UniqueFd socket, dbus::Caller caller) {
  if (clients() >= kMostClients) return fail(ErrorCode::unavailable, "{} clients are connected already", kMostClients);
  auto client = std::make_unique<Client>();
  client->manager = manager_.get();
  client->caller = caller;
  sd_bus* raw = nullptr;
  TRY(check(::sd_bus_new(&raw), "making a bus connection"));
  client->bus.reset(raw);
  sd_id128_t id{};
  TRY(check(::sd_id128_randomize(&id), "making the id of a connection"));
  TRY(check(::sd_bus_set_fd(raw, socket.get(), socket.get()), "taking a connection"));
  socket.release();
  TRY(check(::sd_bus_set_server(raw, 1, id), "taking a connection"));
  TRY(check(::sd_bus_set_sender(raw, dbus::kSystemdService), "taking a connection"));
  TRY(check(::sd_bus_add_filter(raw, nullptr, &Client::on_message, client.get()), "taking a connection"));
  TRY(check(::sd_bus_start(raw), "taking a connection"));
  TRY(check(::sd_bus_attach_event(raw, loop_, SD_EVENT_PRIORITY_NORMAL), "attaching a connection to the event loop"));
  clients_.push_back(std::move(client));
  return {};
}

void Relay::forget_gone() {
  std::erase_if(clients_, [](const std::unique_ptr<Client>& client) { return client->gone; });
}

std::size_t Relay::clients() const { return clients_.size(); }

int Relay::on_signal(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  if (::sd_bus_message_is_signal(message, nullptr, nullptr) <= 0) return 0;
  const std::string interface = text_of(::sd_bus_message_get_interface(message));
  if (interface == kLocal) return 0;
  const std::string first = next_text(message);
  ::sd_bus_message_rewind(message, 1);
  if (!dbus::is_passed_on(interface, text_of(::sd_bus_message_get_member(message)), first)) return 1;
  for (const auto& client : static_cast<Relay*>(self)->clients_) client->notify(message);
  return 1;
}

Result<dbus::Caller> caller_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return fail_errno("asking who has connected");
  return peer.uid == 0 ? dbus::Caller::api : dbus::Caller::reader;
}

}  // namespace bulkhead::units
