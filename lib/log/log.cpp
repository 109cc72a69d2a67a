#include "lib/log/log.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // it would always be this file
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::log {
namespace {

// A datagram may be longer, but no useful message is.
constexpr std::size_t kLongestValue = std::size_t{48} << 10U;

std::vector<Field> fields_of(const Entry& entry) {
  std::vector<Field> fields;
  fields.push_back({.name = "PRIORITY", .value = std::to_string(static_cast<int>(entry.priority))});
  fields.push_back({.name = "MESSAGE", .value = entry.message});
  if (!entry.message_id.empty()) fields.push_back({.name = "MESSAGE_ID", .value = std::string(entry.message_id)});
  fields.insert(fields.end(), entry.fields.begin(), entry.fields.end());
  for (Field& field : fields) field.value.resize(std::min(field.value.size(), kLongestValue));
  return fields;
}

// libsystemd only writes to the default namespace, or to that of the whole service.
bool send_to_namespace(const Entry& entry, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::ranges::copy(path, std::begin(address.sun_path));
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string datagram = to_datagram(entry);
  return socket && ::sendto(socket.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                            reinterpret_cast<const sockaddr*>(&address), sizeof(address)) >= 0;
}

bool send_to_journal(const Entry& entry) {
  std::vector<std::string> texts;
  for (const Field& field : fields_of(entry)) texts.push_back(std::format("{}={}", field.name, field.value));
  std::vector<iovec> pieces;
  for (std::string& text : texts) pieces.push_back({.iov_base = text.data(), .iov_len = text.size()});
  return ::sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size())) >= 0;
}

}  // namespace

Entry entry_of(const Error& error) {
  Entry entry{.priority = Priority::error, .message = error.describe(), .message_id = {}, .fields = {}};
  entry.fields.push_back({.name = "BULKHEAD_CODE", .value = std::string(to_string(error.code))});
  if (error.sys_errno != 0) entry.fields.push_back({.name = "ERRNO", .value = std::to_string(error.sys_errno)});
  return entry;
}

std::string to_datagram(const Entry& entry) {
  std::string datagram;
  for (const Field& field : fields_of(entry)) {
    datagram += field.name;
    if (field.value.contains('\n')) {
      datagram += '\n';
      for (unsigned i = 0; i < 8; ++i) datagram += static_cast<char>(std::uint64_t{field.value.size()} >> (8 * i));
    } else {
      datagram += '=';
    }
    datagram += field.value + '\n';
  }
  return datagram;
}

std::string to_line(const Entry& entry, bool with_priority) {
  std::string line = with_priority ? std::format("<{}>", static_cast<int>(entry.priority)) : std::string();
  line += entry.message;
  for (const Field& field : entry.fields) line += std::format(" {}={}", field.name, field.value);
  // One entry is one line, whatever its text.
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line + '\n';
}

Log Log::from_environment() {
  // Read at start-up, before there are threads.
  const char* stream = ::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe)
  struct stat info{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &info) < 0) return Log(Sink::standard_error);
  return Log(std::format("{}:{}", info.st_dev, info.st_ino) == stream ? Sink::journal : Sink::standard_error);
}

Log Log::in_namespace(std::string_view name) const {
  Log log(sink_);
  log.socket_ = std::format("/run/systemd/journal.{}/socket", name);
  return log;
}

void Log::write(const Entry& entry) const {
  if (sink_ == Sink::journal && !socket_.empty() && send_to_namespace(entry, socket_)) return;
  if (sink_ == Sink::journal && send_to_journal(entry)) return;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  static_cast<void>(sys::write_all(STDERR_FILENO, as_bytes(to_line(entry, !terminal))));
}

}  // namespace bulkhead::log
