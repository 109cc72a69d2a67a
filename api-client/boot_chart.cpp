#include "api-client/boot_chart.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <format>
#include <functional>
#include <optional>
#include <vector>

#include "api-client/render.hpp"
#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"

namespace bulkhead::client {
namespace {

using cli::Style;
using cli::styled;
using Microseconds = std::int64_t;

constexpr Microseconds kDay = Microseconds{24} * 60 * 60 * 1'000'000;

struct Unit {
  std::string name;
  Microseconds started = 0;
  std::optional<Microseconds> ready{};
  std::string waited_for{};

  Microseconds took() const { return ready ? std::max<Microseconds>(*ready - started, 0) : 0; }
};

struct Phase {
  std::string name;
  Microseconds took = 0;
};

struct Boot {
  std::vector<Phase> before_kernel{};
  std::vector<Phase> phases{};  // from the start of the kernel on
  std::string gate{};
  std::vector<Unit> units{};  // in the order of their start
  Microseconds end = 0;       // of everything that is shown

  const Unit* find(const std::string& name) const {
    const auto found = std::ranges::find(units, name, &Unit::name);
    return found == units.end() ? nullptr : &*found;
  }
};

// A node has a few hundred units. More are left out, whatever it says: the chart is drawn in the time that it takes.
constexpr std::size_t kMostUnits = 4096;

// Within a day: what is longer is no boot.
std::optional<Microseconds> time_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number_integer()) return std::nullopt;
  return std::clamp<Microseconds>(found->get<Microseconds>(), 0, kDay);
}

std::string name_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_string()) return {};
  return printable(found->get_ref<const std::string&>());
}

std::vector<Unit> units_of(const Json& document) {
  std::vector<Unit> units;
  if (!document.is_object() || !document.contains("units")) return units;
  for (const Json& entry : document["units"]) {
    Unit unit{.name = name_of(entry, "unit"),
              .started = time_of(entry, "started").value_or(0),
              .ready = time_of(entry, "ready"),
              .waited_for = name_of(entry, "waited_for")};
    if (!unit.name.empty()) units.push_back(std::move(unit));
    if (units.size() == kMostUnits) break;
  }
  return units;
}

Boot parsed(const Json& document) {
  Boot boot{.gate = name_of(document, "gate"), .units = units_of(document)};
  if (const auto took = time_of(document, "firmware")) boot.before_kernel.push_back({"firmware", *took});
  if (const auto took = time_of(document, "loader")) boot.before_kernel.push_back({"boot loader", *took});
  const Microseconds userspace = time_of(document, "userspace").value_or(0);
  const Microseconds initrd = std::min(time_of(document, "initrd").value_or(userspace), userspace);
  if (userspace != 0) boot.phases.push_back({"kernel", initrd});
  if (initrd != userspace) boot.phases.push_back({"initrd", userspace - initrd});
  boot.end = userspace;
  for (const Unit& unit : boot.units) boot.end = std::max({boot.end, unit.started, unit.ready.value_or(0)});
  boot.end = time_of(document, "finished").value_or(boot.end);
  if (boot.end > userspace) boot.phases.push_back({"systemd", boot.end - userspace});
  return boot;
}

// From the gate back to what waited for nothing. A unit stands in it once, and it has an end, whatever the node says.
std::vector<const Unit*> critical_chain(const Boot& boot) {
  constexpr std::size_t kLongest = 256;
  std::vector<const Unit*> chain;
  for (const Unit* unit = boot.find(boot.gate);
       unit != nullptr && chain.size() < kLongest && !std::ranges::contains(chain, unit);
       unit = boot.find(unit->waited_for))
    chain.push_back(unit);
  return chain;
}

std::string seconds(Microseconds time) {
  return std::format("{}.{:02} s", time / 1'000'000, time % 1'000'000 / 10'000);
}

std::string seconds(const std::optional<Microseconds>& time) { return time ? seconds(*time) : "-"; }

std::string headline(const Boot& boot) {
  std::string line;
  for (const auto* phases : {&boot.before_kernel, &boot.phases}) {
    for (const Phase& phase : *phases)
      line += std::format("{}{} {}", line.empty() ? "" : " + ", phase.name, seconds(phase.took));
  }
  const Unit* gate = boot.find(boot.gate);
  if (gate == nullptr || !gate->ready) return line + "; the node is not ready yet";
  return line + std::format("; ready {} after the start of the kernel", seconds(*gate->ready));
}

// --- SVG

constexpr int kWidth = 1200;
constexpr int kMargin = 20;
constexpr int kRow = 18;
constexpr int kTop = 70;  // of the first unit

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

class Canvas {
 public:
  explicit Canvas(const Boot& boot)
      : end_(std::max<Microseconds>(boot.end, 1)),
        height_(kTop + kRow * static_cast<int>(boot.units.size()) + kMargin) {
    svg_ = std::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"sans-serif\" font-size=\"11\">\n"
        "<style>.unit{{fill:#7a9cc6}}.chain{{fill:#c0392b}}.phase0{{fill:#e8e8e8}}.phase1{{fill:#d4e4d4}}"
        ".phase2{{fill:#f4f4e4}}.grid{{stroke:#ccc}}</style>\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
        kWidth, height_);
  }

  int x(Microseconds time) const {
    return kMargin + static_cast<int>(std::min(time, end_) * (kWidth - 2 * kMargin) / end_);
  }
  int height() const { return height_; }

  void bar(std::string_view style, Microseconds from, Microseconds to, int y, int thickness) {
    svg_ += std::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", style, x(from), y,
                        std::max(x(to) - x(from), 1), thickness);
  }
  void line(Microseconds time) {
    svg_ += std::format("<line class=\"grid\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>\n", x(time), kTop - 8,
                        height_ - kMargin);
  }
  // Left of `at` when there is no room on its right.
  void label(int at, int y, std::string_view text) {
    const bool left = at > kWidth * 2 / 3;
    svg_ += std::format("<text x=\"{}\" y=\"{}\"{}>{}</text>\n", left ? at - 4 : at + 4, y,
                        left ? " text-anchor=\"end\"" : "", escaped(text));
  }
  std::string finish() && { return std::move(svg_) + "</svg>\n"; }

 private:
  Microseconds end_;
  int height_;
  std::string svg_;
};

// About ten lines, a whole number of seconds apart.
void draw_axis(Canvas& canvas, const Boot& boot) {
  constexpr Microseconds kSecond = 1'000'000;
  const Microseconds step = std::max<Microseconds>((boot.end / 10 + kSecond - 1) / kSecond, 1) * kSecond;
  for (Microseconds time = 0; time <= boot.end; time += step) {
    canvas.line(time);
    canvas.label(canvas.x(time) - 4, kTop - 12, std::format("{} s", time / kSecond));
  }
}

void draw_phases(Canvas& canvas, const Boot& boot) {
  Microseconds from = 0;
  for (std::size_t i = 0; i < boot.phases.size(); ++i) {
    canvas.bar(std::format("phase{}", i), from, from + boot.phases[i].took, kTop - 8,
               canvas.height() - kTop + 8 - kMargin);
    from += boot.phases[i].took;
  }
}

}  // namespace

std::string boot_table(const Json& document, bool color) {
  const Boot boot = parsed(document);
  std::string result = headline(boot) + "\n";
  std::vector<std::vector<std::string>> chain = {{"READY", "TOOK", "UNIT"}};
  for (const Unit* unit : critical_chain(boot))
    chain.push_back({seconds(unit->ready), seconds(unit->took()), unit->name});
  if (chain.size() > 1)
    result +=
        "\n" + styled("What the node waited for, from the end", Style::bold, color) + "\n" + cli::table(chain, color);

  std::vector<const Unit*> longest;
  for (const Unit& unit : boot.units) longest.push_back(&unit);
  std::ranges::stable_sort(longest, std::ranges::greater(), &Unit::took);
  std::vector<std::vector<std::string>> rows = {{"TOOK", "STARTED", "READY", "UNIT", "WAITED FOR"}};
  for (const Unit* unit : longest)
    rows.push_back({seconds(unit->took()), seconds(unit->started), seconds(unit->ready), unit->name, unit->waited_for});
  if (rows.size() > 1)
    result += "\n" + styled("Every unit, the longest first", Style::bold, color) + "\n" + cli::table(rows, color);
  return result;
}

std::string boot_svg(const Json& document) {
  const Boot boot = parsed(document);
  const auto chain = critical_chain(boot);
  Canvas canvas(boot);
  canvas.label(kMargin - 4, kMargin, headline(boot));
  canvas.label(kMargin - 4, kMargin + 16, "Red: what the node waited for");
  draw_phases(canvas, boot);
  draw_axis(canvas, boot);
  int y = kTop;
  for (const Unit& unit : boot.units) {
    canvas.bar(std::ranges::contains(chain, &unit) ? "chain" : "unit", unit.started, unit.started + unit.took(), y,
               kRow - 4);
    const std::string took = unit.ready ? seconds(unit.took()) : "not ready";
    const int end = canvas.x(unit.started + unit.took());
    canvas.label(end > kWidth * 2 / 3 ? canvas.x(unit.started) : end, y + kRow - 7,
                 std::format("{} {}", unit.name, took));
    y += kRow;
  }
  return std::move(canvas).finish();
}

}  // namespace bulkhead::client
