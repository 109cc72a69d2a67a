#include "api-server/journal/journal.hpp"

#include <systemd/sd-journal.h>

#include <sstream>

#include "lib/base/text.hpp"

namespace bulkhead::journal {
namespace {

constexpr std::size_t kLongestField = 64U << 10U;

sd_journal* raw(void* journal) { return static_cast<sd_journal*>(journal); }

// libsystemd returns negative errno values.
Result<> check(int status) {
  if (status < 0) return fail(errno_error(-status, "reading the journal"));
  return {};
}

// Empty when the message has no such field.
std::string field(sd_journal* journal, const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (::sd_journal_get_data(journal, name, &data, &size) < 0) return {};
  const std::string_view text(static_cast<const char*>(data), size);
  return std::string(text.substr(text.find('=') + 1));
}

Message current(sd_journal* journal) {
  Message message;
  std::uint64_t time = 0;
  if (::sd_journal_get_realtime_usec(journal, &time) >= 0)
    message.time = Time(std::chrono::microseconds(static_cast<std::int64_t>(time)));
  message.priority = parse_integer<int>(field(journal, "PRIORITY")).value_or(6);
  message.text = field(journal, "MESSAGE");
  for (const char* name : {"_SYSTEMD_UNIT", "UNIT", "SYSLOG_IDENTIFIER", "_COMM"}) {
    message.unit = field(journal, name);
    if (!message.unit.empty()) break;
  }
  const void* data = nullptr;
  std::size_t size = 0;
  for (::sd_journal_restart_data(journal); ::sd_journal_enumerate_available_data(journal, &data, &size) > 0;) {
    const std::string_view text(static_cast<const char*>(data), size);
    const std::size_t end = text.find('=');
    if (text.starts_with("BULKHEAD_") && end != std::string_view::npos)
      message.fields.emplace_back(text.substr(0, end), text.substr(end + 1));
  }
  return message;
}

}  // namespace

void Journal::Close::operator()(void* journal) const { ::sd_journal_close(raw(journal)); }

Result<Journal> Journal::open(const Query& query) {
  sd_journal* opened = nullptr;
  TRY(check(::sd_journal_open_namespace(&opened, query.name_space.empty() ? nullptr : query.name_space.c_str(),
                                        SD_JOURNAL_LOCAL_ONLY)));
  Journal journal(opened, query);
  TRY(check(::sd_journal_set_data_threshold(opened, kLongestField)));
  const auto match = [&](const std::string& text) {
    return check(::sd_journal_add_match(opened, text.data(), text.size()));
  };
  // Fields of the same name are alternatives, different ones are conditions (sd_journal_add_match(3)).
  if (query.unit) TRY(match("_SYSTEMD_UNIT=" + *query.unit));
  if (query.message_id) TRY(match("MESSAGE_ID=" + *query.message_id));
  if (query.written_by) {
    TRY(match("_UID=0"));
    TRY(match("_SYSTEMD_UNIT=" + *query.written_by));
  }
  for (int level = 0; query.priority && level <= *query.priority; ++level)
    TRY(match(std::format("PRIORITY={}", level)));
  if (query.unit) {
    // Messages of process 1 about a unit.
    TRY(check(::sd_journal_add_disjunction(opened)));
    TRY(match("_PID=1"));
    TRY(match("UNIT=" + *query.unit));
    for (int level = 0; query.priority && level <= *query.priority; ++level)
      TRY(match(std::format("PRIORITY={}", level)));
  }
  return journal;
}

// Directly before the first wanted message.
Result<> Journal::go_to_start() {
  sd_journal* journal = raw(journal_.get());
  if (query_.until)
    TRY(check(::sd_journal_seek_realtime_usec(journal,
                                              static_cast<std::uint64_t>(query_.until->time_since_epoch().count()))));
  else
    TRY(check(::sd_journal_seek_tail(journal)));
  for (std::size_t count = 0; count < query_.limit; ++count) {
    const int more = ::sd_journal_previous(journal);
    TRY(check(more));
    if (more == 0) {
      TRY(check(::sd_journal_seek_head(journal)));
      return {};
    }
    std::uint64_t time = 0;
    TRY(check(::sd_journal_get_realtime_usec(journal, &time)));
    if (query_.since && static_cast<std::int64_t>(time) < query_.since->time_since_epoch().count()) return {};
  }
  const int more = ::sd_journal_previous(journal);
  TRY(check(more));
  if (more == 0) TRY(check(::sd_journal_seek_head(journal)));
  return {};
}

Result<std::vector<Message>> Journal::read() {
  sd_journal* journal = raw(journal_.get());
  if (!started_) {
    TRY(go_to_start());
    started_ = true;
  } else {
    TRY(check(::sd_journal_process(journal)));
  }
  std::vector<Message> messages;
  for (;;) {
    const int more = ::sd_journal_next(journal);
    TRY(check(more));
    if (more == 0) return messages;
    Message message = current(journal);
    if (query_.until && message.time >= *query_.until) return messages;
    messages.push_back(std::move(message));
  }
}

Result<int> Journal::fd() {
  const int fd = ::sd_journal_get_fd(raw(journal_.get()));
  TRY(check(fd));
  return fd;
}

nlohmann::json to_json(const Message& message) {
  return {{"time", std::format("{:%FT%TZ}", message.time)},
          {"priority", message.priority},
          {"unit", message.unit},
          {"message", message.text}};
}

Result<Time> parse_since(std::string_view text, Time now) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid_argument,
                "since: '{}' is not a time (2026-01-02T03:04:05Z) or an age (90s, 15m, 2h, 1d)", text.substr(0, 40));
  };
  if (text.empty()) return bad();
  if (const auto count = parse_integer<std::uint32_t>(text.substr(0, text.size() - 1))) {
    switch (text.back()) {
      case 's': return now - std::chrono::seconds(*count);
      case 'm': return now - std::chrono::minutes(*count);
      case 'h': return now - std::chrono::hours(*count);
      case 'd': return now - std::chrono::days(*count);
      default: break;
    }
  }
  std::istringstream stream{std::string(text)};
  Time time;
  stream >> std::chrono::parse("%FT%TZ", time);
  if (stream.fail() || stream.peek() != std::istringstream::traits_type::eof()) return bad();
  return time;
}

}  // namespace bulkhead::journal
