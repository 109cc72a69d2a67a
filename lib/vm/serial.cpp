#include "lib/vm/serial.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulkhead::vm {
namespace {

constexpr char kEscape = '\x1b';

bool in_range(char c, char first, char last) { return c >= first && c <= last; }

// Length of the escape sequence at the start of `text` (ECMA-48 section 5.4 for CSI; OSC as xterm ends it). 0 when it
// is not complete yet.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == '[') {
    for (std::size_t i = 2; i < text.size(); ++i) {
      if (in_range(text[i], '\x40', '\x7e')) return i + 1;
      if (!in_range(text[i], '\x20', '\x3f')) return i;  // broken off by something else
    }
    return 0;
  }
  if (text[1] == ']') {
    for (std::size_t i = 2; i < text.size(); ++i) {
      if (text[i] == '\a') return i + 1;
      if (text[i] == kEscape && i + 1 < text.size()) return text[i + 1] == '\\' ? i + 2 : i;
      if (text[i] == '\n') return i;
    }
    return 0;
  }
  std::size_t i = 1;
  while (i < text.size() && in_range(text[i], '\x20', '\x2f')) ++i;
  return i < text.size() ? i + 1 : 0;
}

}  // namespace

std::string without_terminal_control(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == kEscape) {
      const std::size_t length = escape_length(text.substr(i));
      if (length == 0) break;
      i += length;
      continue;
    }
    const char c = text[i++];
    const bool control = (c >= '\0' && c < ' ') || c == '\x7f';
    if (!control || c == '\n' || c == '\t') result += c;
  }
  return result;
}

void SerialLog::append(std::string_view bytes) {
  raw_.append(bytes);
  for (;;) {
    const std::size_t end = raw_.find('\n', decoded_);
    if (end == std::string::npos) break;
    lines_.push_back(without_terminal_control(std::string_view(raw_).substr(decoded_, end - decoded_)));
    decoded_ = end + 1;
  }
  tail_ = without_terminal_control(std::string_view(raw_).substr(decoded_));
}

std::optional<std::string> SerialLog::next_line(const Pattern& pattern) {
  const auto found = std::find_if(lines_.begin() + static_cast<std::ptrdiff_t>(next_), lines_.end(),
                                  [&](const std::string& line) { return pattern.matches(line); });
  if (found == lines_.end()) {
    next_ = lines_.size();
    return std::nullopt;
  }
  next_ = static_cast<std::size_t>(found - lines_.begin()) + 1;
  return *found;
}

std::string SerialLog::last_lines(std::size_t count) const {
  std::string result;
  for (std::size_t i = lines_.size() - std::min(count, lines_.size()); i < lines_.size(); ++i) {
    result += lines_[i];
    result += '\n';
  }
  return result + tail_;
}

Result<Serial> Serial::attach(sys::UniqueFd fd) {
  if (!fd) return fail(ErrorCode::internal, "no descriptor for the serial console");
  return Serial(std::move(fd));
}

Result<std::string_view> Serial::read_available() {
  const std::size_t before = log_.raw().size();
  std::array<char, 16384> buffer;
  while (fd_) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      log_.append({buffer.data(), static_cast<std::size_t>(count)});
    } else if (count == 0 || errno == ECONNRESET) {
      TRY(fd_.close());
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return fail_errno("reading the serial console");
    }
  }
  return std::string_view(log_.raw()).substr(before);
}

Result<> Serial::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("typing on the serial console");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace bulkhead::vm
