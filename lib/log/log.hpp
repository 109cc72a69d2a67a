// Structured messages of daemons: to the journal when systemd started the process, else to standard error.
//
// Libraries never log; a daemon logs once, where the decision is taken. Values, no global state: main() makes one Log
// and passes it on. Writing never fails for the caller, who could not report it anyway. Thread-safe.
#pragma once

#include <format>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/log/message_ids.hpp"

namespace bulkhead::log {

enum class Priority : int { emergency = 0, alert, critical, error, warning, notice, info, debug };  // syslog's numbers

struct Field {
  std::string_view name;  // upper-case letters, digits, '_', not starting with '_': "BULKHEAD_SLOT"
  std::string value;
};

struct Entry {
  Priority priority = Priority::info;
  std::string message;
  std::string_view message_id{};  // from message_ids.hpp, or empty
  std::vector<Field> fields{};
};

// The error as one entry: its text, BULKHEAD_CODE= and ERRNO=.
Entry entry_of(const Error& error);

// One datagram of the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
std::string to_datagram(const Entry& entry);

// "<4>message NAME=value": the form that sd-daemon(3) defines for standard error, without the number on a terminal.
std::string to_line(const Entry& entry, bool with_priority);

class Log {
 public:
  enum class Sink { journal, standard_error };

  // The journal when $JOURNAL_STREAM says that standard error is connected to it.
  static Log from_environment();
  explicit Log(Sink sink) : sink_(sink) {}
  // The same for another namespace of the journal, which keeps its messages apart, with a size of its own
  // (systemd-journald.service(8), "Journal Namespaces"). What it does not take goes to the usual one.
  Log in_namespace(std::string_view name) const;

  void write(const Entry& entry) const;

  template <class... Args>
  void info(std::format_string<Args...> format, Args&&... args) const {
    write({.priority = Priority::info, .message = std::format(format, std::forward<Args>(args)...)});
  }
  template <class... Args>
  void warning(std::format_string<Args...> format, Args&&... args) const {
    write({.priority = Priority::warning, .message = std::format(format, std::forward<Args>(args)...)});
  }
  void error(const Error& reason) const { write(entry_of(reason)); }

 private:
  Sink sink_;
  std::string socket_{};  // of a namespace of the journal; empty: the default one
};

}  // namespace bulkhead::log
