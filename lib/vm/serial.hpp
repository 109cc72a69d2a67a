// The guest's serial console: everything it printed, as bytes and as lines, and a way to type.
//
// No thread: bytes are read only by read_available(), which the owner calls when poll() says that fd() is readable
// (Machine does so in each of its waits). The whole log stays in memory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::vm {

// Text without terminal control: escape sequences (ECMA-48 CSI, OSC and two-byte ones) and control characters other
// than tab and newline are dropped; "\r\n" ends one line.
std::string without_terminal_control(std::string_view text);

// What a wait looks for.
class Pattern {
 public:
  // A line that contains the text.
  static Pattern text(const std::string& text) { return Pattern("with '" + text + "'", Contains{text}); }
  // The whole line.
  static Pattern line(const std::string& line) { return Pattern("'" + line + "'", Equals{line}); }
  // A line that the function accepts; `description` continues "the line", for messages: "of the kernel".
  static Pattern accepted_by(std::function<bool(std::string_view line)> function, std::string description) {
    return Pattern(std::move(description), std::move(function));
  }

  bool matches(std::string_view line) const { return matches_(line); }
  const std::string& description() const { return description_; }

 private:
  struct Contains {
    std::string text;
    bool operator()(std::string_view line) const { return line.contains(text); }
  };
  struct Equals {
    std::string text;
    bool operator()(std::string_view line) const { return line == text; }
  };
  Pattern(std::string description, std::function<bool(std::string_view)> matches)
      : description_(std::move(description)), matches_(std::move(matches)) {}

  std::string description_;
  std::function<bool(std::string_view)> matches_;
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
