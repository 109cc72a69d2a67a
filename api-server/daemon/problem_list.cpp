#include "api-server/daemon/problem_list.hpp"

#include <algorithm>
#include <format>

namespace bulkhead::daemon {

ProblemList::ProblemList(const log::Log& log, std::optional<sys::Path> file, std::function<void()> on_change)
    : log_(log), file_(std::move(file)), on_change_(std::move(on_change)) {
  write();
}

void ProblemList::set(const std::string& name, const std::string& text) {
  const auto known = problems_.find(name);
  if (known == problems_.end() ? text.empty() : known->second == text) return;
  if (text.empty()) {
    problems_.erase(known);
  } else {
    log_.warning("{}: {}", name, text);
    problems_[name] = text;
  }
  write();
  on_change_();
}

void ProblemList::set_all(std::string_view beginning, const std::map<std::string, std::string>& problems) {
  std::vector<std::string> ended;
  for (const auto& [name, text] : problems_) {
    if (name.starts_with(beginning) && !problems.contains(name)) ended.push_back(name);
  }
  for (const std::string& name : ended) set(name, "");
  for (const auto& [name, text] : problems) set(name, text);
}

std::vector<std::string> ProblemList::lines() const {
  std::vector<std::string> lines;
  for (const auto& [name, text] : problems_) lines.push_back(std::format("{}: {}", name, text));
  return lines;
}

void ProblemList::write() const {
  if (!file_) return;
  std::string text;
  for (std::string& line : lines()) {
    std::ranges::replace(line, '\n', ' ');
    text += line + '\n';
  }
  if (auto written = sys::write_file_atomically(*file_, text); !written) log_.error(written.error());
}

}  // namespace bulkhead::daemon
