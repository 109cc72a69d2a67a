// The guest's serial console: everything it printed, as bytes and as lines, and a way to type.
//
// No thread: bytes are read only by read_available(), which the owner calls when poll() says that fd() is readable
// (Machine does so in each of its waits). The whole log stays in memory.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::vm {

// Text without terminal control: escape sequences (ECMA-48 CSI, OSC and two-byte ones) and control characters other
// than tab and newline are dropped; "\r\n" ends one line.
std::string without_terminal_control(std::string_view text);

// What a wait looks for. A line matches when it contains the text, or a match of the expression (ECMAScript grammar).
class Pattern {
 public:
  static Pattern text(std::string text) { return Pattern(std::move(text), std::nullopt); }
  // Patterns are constants of the waiting program: a wrong one is a bug there, and throws std::regex_error.
  static Pattern expression(const std::string& expression) { return Pattern(expression, std::regex(expression)); }

  bool matches(std::string_view line) const;
  const std::string& source() const { return source_; }

 private:
  Pattern(std::string source, std::optional<std::regex> expression)
      : source_(std::move(source)), expression_(std::move(expression)) {}

  std::string source_;
  std::optional<std::regex> expression_;
};

// The lines of a growing text, and a position up to which they were searched.
class SerialLog {
 public:
  void append(std::string_view bytes);

  // The first complete line after the position that matches; the position moves after it. Without a match, the position
  // moves after the last complete line.
  std::optional<std::string> next_line(const Pattern& pattern);
  // The same for the incomplete last line, such as a prompt.
  bool at_prompt(std::string_view text) const { return tail_.ends_with(text); }
  // Moves the position to the start.
  void rewind() { next_ = 0; }

  const std::vector<std::string>& lines() const { return lines_; }  // complete, without terminal control
  const std::string& tail() const { return tail_; }                 // the incomplete last line
  const std::string& raw() const { return raw_; }
  std::string last_lines(std::size_t count) const;

 private:
  std::string raw_;
  std::size_t decoded_ = 0;  // bytes of raw_ that are part of lines_
  std::vector<std::string> lines_;
  std::string tail_;
  std::size_t next_ = 0;
};

class Serial {
 public:
  static Result<Serial> attach(sys::UniqueFd fd);

  int fd() const { return fd_.get(); }
  bool open() const { return static_cast<bool>(fd_); }
  // Reads what has arrived, without blocking. Returns the new bytes; at the end of the stream the descriptor is closed.
  Result<std::string_view> read_available();
  // Types. Blocks for as long as the guest's UART takes to accept it.
  Result<> write(std::string_view text);

  SerialLog& log() { return log_; }
  const SerialLog& log() const { return log_; }

 private:
  explicit Serial(sys::UniqueFd fd) : fd_(std::move(fd)) {}

  sys::UniqueFd fd_;
  SerialLog log_;
};

}  // namespace bulkhead::vm
