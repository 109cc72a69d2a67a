#include "lib/log/log.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // it would always be this file
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::log {
namespace {

// A datagram may be longer, but no useful message is.
constexpr std::size_t kLongestValue = std::size_t{48} << 10U;

std::string field_text(std::string_view name, std::string_view value) {
  return std::format("{}={}", name, value.substr(0, kLongestValue));
}

bool send_to_journal(const Entry& entry) {
  std::vector<std::string> texts;
  texts.push_back(field_text("PRIORITY", std::to_string(static_cast<int>(entry.priority))));
  texts.push_back(field_text("MESSAGE", entry.message));
  if (!entry.message_id.empty()) texts.push_back(field_text("MESSAGE_ID", entry.message_id));
  for (const Field& field : entry.fields) texts.push_back(field_text(field.name, field.value));
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

void Log::write(const Entry& entry) const {
  if (sink_ == Sink::journal && send_to_journal(entry)) return;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  static_cast<void>(sys::write_all(STDERR_FILENO, as_bytes(to_line(entry, !terminal))));
}

}  // namespace bulkhead::log
