// Progress of work in named stages: a bar with the stage's name on a terminal, one plain line per event elsewhere. On
// stderr.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/cli/program.hpp"

namespace bulkhead::cli {

class Progress {
 public:
  // `stages`: how many begin() calls to expect. Silent with -q; --verbose also prints begin() in plain mode.
  Progress(const Invocation& invocation, int stages);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // removes an unfinished bar

  void begin(std::string_view stage);
  // 0..1 inside the stage; redrawn at most ten times per second.
  void update(double fraction, std::string_view detail = {});
  // "done", "unchanged", …; plain mode prints "stage: outcome (1.2 s)".
  void end(std::string_view outcome);
  // A line above the bar.
  void note(std::string_view text);

 private:
  void draw(double fraction, std::string_view detail);
  void erase();

  bool silent_;
  bool verbose_;
  bool terminal_;
  bool color_;
  int stages_;
  int current_ = 0;
  bool drawn_ = false;
  std::string stage_;
  std::chrono::steady_clock::time_point stage_start_;
  std::chrono::steady_clock::time_point last_draw_;
};

}  // namespace bulkhead::cli
