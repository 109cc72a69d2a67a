#include "lib/vm/qmp.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lib/codec/json.hpp"

namespace bulkhead::vm {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = std::size_t{1} << 20U;

// {"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 13}, …}, …}}
QmpGreeting greeting(const json& value) {
  const auto number = [&](const char* name) {
    const json::json_pointer place(std::string("/version/qemu/") + name);
    return value.contains(place) && value[place].is_number_unsigned() ? value[place].get<std::uint64_t>() : 0U;
  };
  return {.qemu_version = std::format("{}.{}.{}", number("major"), number("minor"), number("micro"))};
}

}  // namespace

std::string text_member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<QmpMessage> parse_qmp_message(std::string_view line) {
  if (line.size() > kLongestMessage)
    return fail(ErrorCode::data_loss, "a QMP message of {} bytes is too long", line.size());
  json object = codec::parse_json(line).value_or(json());
  if (!object.is_object()) return fail(ErrorCode::data_loss, "a QMP message is not a JSON object");
  if (object.contains("QMP")) return greeting(object["QMP"]);
  if (object.contains("return")) return QmpReturn{.value = std::move(object["return"])};
  if (object.contains("error")) {
    return QmpFailure{.error_class = text_member(object["error"], "class"),
                      .description = text_member(object["error"], "desc")};
  }
  std::string name = text_member(object, "event");
  if (name.empty()) return fail(ErrorCode::data_loss, "a QMP message is not a greeting, an answer or an event");
  return QmpEvent{.name = std::move(name), .data = object.contains("data") ? std::move(object["data"]) : json()};
}

Result<Qmp> Qmp::attach(sys::UniqueFd fd, Deadline deadline) {
  Qmp qmp(std::move(fd));
  const QmpMessage first = TRY(qmp.next_reply(deadline));
  if (!std::holds_alternative<QmpGreeting>(first)) return fail(ErrorCode::data_loss, "QEMU sent no greeting");
  TRY(qmp.execute("qmp_capabilities", deadline));
  return qmp;
}

Result<json> Qmp::execute(std::string_view command, Deadline deadline, json arguments) {
  json request = {{"execute", command}};
  if (!arguments.is_null()) request["arguments"] = std::move(arguments);
  const std::string line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("sending '{}' to QEMU", command);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  QmpMessage reply = TRY_CTX(next_reply(deadline), "asking QEMU for '{}'", command);
  if (const auto* failure = std::get_if<QmpFailure>(&reply)) {
    return fail(ErrorCode::failed_precondition, "QEMU refused '{}': {}", command, failure->description);
  }
  if (auto* answer = std::get_if<QmpReturn>(&reply)) return std::move(answer->value);
  return fail(ErrorCode::data_loss, "QEMU answered '{}' with a greeting", command);
}

Result<> Qmp::read_available() {
  std::array<char, 4096> bytes;
  while (fd_) {
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
      if (buffer_.size() > 2 * kLongestMessage) return fail(ErrorCode::data_loss, "QEMU sent a message without an end");
    } else if (count == 0 || errno == ECONNRESET) {
      TRY(fd_.close());
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return fail_errno("reading from QEMU");
    }
  }
  std::size_t start = 0;
  for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n', start)) {
    const std::string_view line = std::string_view(buffer_).substr(start, end - start);
    start = end + 1;
    QmpMessage message = TRY(parse_qmp_message(line));
    if (auto* event = std::get_if<QmpEvent>(&message)) {
      events_.push_back(std::move(*event));
    } else {
      replies_.push_back(std::move(message));
    }
  }
  buffer_.erase(0, start);
  return {};
}

Result<QmpMessage> Qmp::next_reply(Deadline deadline) {
  for (;;) {
    TRY(read_available());
    if (!replies_.empty()) {
      QmpMessage reply = std::move(replies_.front());
      replies_.pop_front();
      return reply;
    }
    if (!fd_) return fail(ErrorCode::unavailable, "QEMU closed the connection");
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&entry, 1, poll_timeout(deadline));
    if (count == 0) return fail(ErrorCode::unavailable, "QEMU did not answer");
    if (count < 0 && errno != EINTR) return fail_errno("waiting for QEMU");
  }
}

std::optional<QmpEvent> Qmp::take_event(std::string_view name) {
  const auto found = std::ranges::find(events_, name, &QmpEvent::name);
  if (found == events_.end()) return std::nullopt;
  QmpEvent event = std::move(*found);
  events_.erase(events_.begin(), found + 1);
  return event;
}

}  // namespace bulkhead::vm
