// Values of settings about amounts: durations, quantities, CPUs. Immutable.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::settings::value {

// Hours, minutes, seconds and milliseconds in this order, each at most once: "1h30m", "2.5s".
class Duration {
 public:
  // Rounded down to nanoseconds. Errors: invalid_argument, also for more than 292 years.
  static Result<Duration> parse(std::string_view text);

  std::chrono::nanoseconds length() const { return length_; }

  auto operator<=>(const Duration&) const = default;

 private:
  std::chrono::nanoseconds length_{0};
};

// A number with a unit, as in Kubernetes: "500m", "1.5Gi", "1e9".
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
//
// Exact to a billionth and to 19 digits, otherwise rounded up; larger values become 2^63-1.
class Quantity {
 public:
  static Result<Quantity> parse(std::string_view text);

  // Rounded up: bytes of memory, or whole CPUs.
  std::uint64_t units() const { return units_ + (billionths_ == 0 ? 0 : 1); }
  // Rounded up: thousandths of a CPU. Larger values become 2^64-1.
  std::uint64_t thousandths() const;

  auto operator<=>(const Quantity&) const = default;

 private:
  std::uint64_t units_ = 0;
  std::uint32_t billionths_ = 0;
};

// A threshold of a resource: a quantity, or a percentage of the whole.
struct Threshold {
  Quantity amount;
  bool is_percentage = false;  // `amount` is of 100, and below it

  static Result<Threshold> parse(std::string_view text);

  auto operator<=>(const Threshold&) const = default;
};

// "0,2-3", a list as in cpuset(7).
struct CpuSet {
  struct Range {
    unsigned first = 0;
    unsigned last = 0;
    auto operator<=>(const Range&) const = default;
  };
  std::vector<Range> ranges;  // in the order in which they were written

  static Result<CpuSet> parse(std::string_view text);

  auto operator<=>(const CpuSet&) const = default;
};

}  // namespace bulkhead::settings::value
