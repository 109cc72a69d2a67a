// The problems of the node: what the server itself could not do. (Failed units are counted separately.) Each problem
// has a name ("user data") and a text.
//
// The list is also a file, for bulkhead-console, which cannot ask before the server answers: one line for each problem.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/log/log.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::daemon {

class ProblemList {
 public:
  // `file` is replaced at once, because an earlier server may have left one; without it nothing is written. `on_change`
  // is called after each change. The log outlives the list. A file that cannot be written is logged.
  ProblemList(const log::Log& log, std::optional<sys::Path> file, std::function<void()> on_change);
  ProblemList(const ProblemList&) = delete;
  ProblemList& operator=(const ProblemList&) = delete;

  // An empty text removes the problem. Setting an equal text changes nothing.
  void set(const std::string& name, const std::string& text);
  // The problems whose names begin with `beginning` become these, from names to texts; all others stay. However many of
  // them change, this is one change.
  void set_all(std::string_view beginning, const std::map<std::string, std::string>& problems);
  // "user data: cidata: …", sorted by name.
  std::vector<std::string> lines() const;

 private:
  // False when this changes nothing.
  bool change(const std::string& name, const std::string& text);
  void publish();
  void write() const;

  const log::Log& log_;
  std::optional<sys::Path> file_;
  std::function<void()> on_change_;
  std::map<std::string, std::string> problems_;
};

}  // namespace bulkhead::daemon
