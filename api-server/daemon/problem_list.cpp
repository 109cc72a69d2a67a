#include "api-server/daemon/problem_list.hpp"

#include <algorithm>
#include <format>

namespace bulkhead::daemon {

ProblemList::ProblemList(const log::Log& log, std::optional<sys::Path> file, std::function<void()> on_change)
    : log_(log), file_(std::move(file)), on_change_(std::move(on_change)) {
  write();
}

void ProblemList::set(const std::string& name, const std::string& text) {
  if (change(name, text)) publish();
}

bool ProblemList::change(const std::string& name, const std::string& text) {
  const auto known = problems_.find(name);
  if (known == problems_.end() ? text.empty() : known->second == text) return false;
  if (text.empty()) {
    problems_.erase(known);
  } else {
    log_.warning("{}: {}", name, text);
    problems_[name] = text;
  }
  return true;
}

void ProblemList::publish() {
  write();
  on_change_();
}

void ProblemList::set_all(std::string_view beginning, const std::map<std::string, std::string>& problems) {
  const auto is_over = [&](const auto& known) {
    return known.first.starts_with(beginning) && !problems.contains(known.first);
  };
  bool changed = std::erase_if(problems_, is_over) > 0;
  for (const auto& [name, text] : problems) changed = change(name, text) || changed;
  if (changed) publish();
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
