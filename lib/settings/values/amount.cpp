#include "lib/settings/values/amount.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/base/text.hpp"

namespace bulkhead::settings::value {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kBillion = 1'000'000'000;
constexpr std::uint64_t kMostUnits = std::numeric_limits<std::int64_t>::max();
constexpr Wide kMost = Wide{kMostUnits} * kBillion;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that `text` begins with.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit) - text.begin();
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end));
  text.remove_prefix(digits.size());
  return digits;
}

// "12" or "12.5".
struct Number {
  std::string_view whole;
  std::string_view fraction{};
};

Result<Number> take_number(std::string_view& text) {
  Number number{.whole = take_digits(text)};
  if (number.whole.empty()) return fail(ErrorCode::invalid_argument, "must begin with a number");
  if (!text.starts_with('.')) return number;
  text.remove_prefix(1);
  number.fraction = take_digits(text);
  if (number.fraction.empty())
    return fail(ErrorCode::invalid_argument, "the digits after the decimal point are missing");
  return number;
}

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr auto kTimeUnits =
    std::to_array<TimeUnit>({{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}});

Result<std::int64_t> nanoseconds(const Number& number, std::int64_t unit) {
  std::int64_t whole = TRY(parse_integer<std::int64_t>(number.whole));
  if (__builtin_mul_overflow(whole, unit, &whole)) return fail(ErrorCode::invalid_argument, "the duration is too long");
  std::int64_t place = unit;
  std::int64_t fraction = 0;  // below one unit
  for (const char c : number.fraction) {
    place /= 10;
    fraction += place * (c - '0');
  }
  if (__builtin_add_overflow(whole, fraction, &whole))
    return fail(ErrorCode::invalid_argument, "the duration is too long");
  return whole;
}

// A number without its point: `digits` times ten to the `exponent`.
struct Decimal {
  Wide digits = 0;
  int exponent = 0;
};

Decimal decimal(const Number& number) {
  constexpr Wide kEnough = 1'000'000'000'000'000'000;  // another digit makes 19
  Decimal result;
  bool lost = false;
  const auto take = [&](std::string_view digits, int exponent_of_kept, int exponent_of_lost) {
    for (const char c : digits) {
      const bool keep = result.digits < kEnough;
      if (keep) result.digits = result.digits * 10 + static_cast<unsigned>(c - '0');
      if (!keep && c != '0') lost = true;
      result.exponent += keep ? exponent_of_kept : exponent_of_lost;
    }
  };
  take(number.whole, 0, 1);
  take(number.fraction, -1, 0);
  if (lost) ++result.digits;
  return result;
}

struct Suffix {
  std::string_view text;
  int exponent = 0;  // of ten
  int shift = 0;     // exponent of two
};
constexpr auto kSuffixes = std::to_array<Suffix>({
    {.text = ""},
    {.text = "n", .exponent = -9},
    {.text = "u", .exponent = -6},
    {.text = "m", .exponent = -3},
    {.text = "k", .exponent = 3},
    {.text = "M", .exponent = 6},
    {.text = "G", .exponent = 9},
    {.text = "T", .exponent = 12},
    {.text = "P", .exponent = 15},
    {.text = "E", .exponent = 18},
    {.text = "Ki", .shift = 10},
    {.text = "Mi", .shift = 20},
    {.text = "Gi", .shift = 30},
    {.text = "Ti", .shift = 40},
    {.text = "Pi", .shift = 50},
    {.text = "Ei", .shift = 60},
});

Result<Suffix> parse_suffix(std::string_view text) {
  const auto* const known = std::ranges::find(kSuffixes, text, &Suffix::text);
  if (known != kSuffixes.end()) return *known;
  if (!text.starts_with('e') && !text.starts_with('E')) return fail(ErrorCode::invalid_argument, "the unit is unknown");
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty())
    return fail(ErrorCode::invalid_argument, "the exponent must be a whole number, as in 1e9");
  constexpr int kBeyondAll = 100;  // further makes no difference
  const int exponent = std::min(parse_integer<int>(digits).value_or(kBeyondAll), kBeyondAll);
  return Suffix{.text = {}, .exponent = negative ? -exponent : exponent};
}

// `number` times ten to the `exponent`, rounded up, at most kMost.
Wide scaled(Wide number, int exponent) {
  for (; exponent > 0 && number != 0; --exponent) {
    if (number > kMost / 10) return kMost;
    number *= 10;
  }
  bool lost = false;
  for (; exponent < 0 && number != 0; ++exponent) {
    lost = lost || number % 10 != 0;
    number /= 10;
  }
  return std::min<Wide>(number + (lost ? 1 : 0), kMost);
}

}  // namespace

Result<Duration> Duration::parse(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::invalid_argument, "the duration is empty");
  std::int64_t total = 0;
  std::size_t next = 0;  // the largest unit that may follow
  while (!text.empty()) {
    const Number number = TRY(take_number(text));
    const auto end = std::ranges::find_if(text, is_digit) - text.begin();
    const std::string_view name = text.substr(0, static_cast<std::size_t>(end));
    while (next < kTimeUnits.size() && kTimeUnits.at(next).name != name) ++next;
    if (next == kTimeUnits.size())
      return fail(ErrorCode::invalid_argument,
                  "the units must be h, m, s and ms, each at most once and in this order, as in 1h30m");
    text.remove_prefix(name.size());
    const std::int64_t part = TRY(nanoseconds(number, kTimeUnits.at(next).nanoseconds));
    if (__builtin_add_overflow(total, part, &total))
      return fail(ErrorCode::invalid_argument, "the duration is too long");
    ++next;
  }
  Duration duration;
  duration.length_ = std::chrono::nanoseconds(total);
  return duration;
}

Result<Quantity> Quantity::parse(std::string_view text) {
  const Number number = TRY(take_number(text));
  const Suffix suffix = TRY(parse_suffix(text));
  const auto [digits, exponent] = decimal(number);
  // At most 19 digits and 60 bits: no overflow.
  const Wide all = scaled(digits << static_cast<unsigned>(suffix.shift), exponent + suffix.exponent + 9);
  Quantity quantity;
  quantity.units_ = static_cast<std::uint64_t>(all / kBillion);
  quantity.billionths_ = static_cast<std::uint32_t>(all % kBillion);
  return quantity;
}

std::uint64_t Quantity::thousandths() const {
  constexpr std::uint32_t kMillion = 1'000'000;
  const Wide all = Wide{units_} * 1000 + (billionths_ + kMillion - 1) / kMillion;
  return static_cast<std::uint64_t>(std::min<Wide>(all, std::numeric_limits<std::uint64_t>::max()));
}

Result<Threshold> Threshold::parse(std::string_view text) {
  if (!text.ends_with('%')) {
    const Quantity amount = TRY(Quantity::parse(text));
    return Threshold{.amount = amount};
  }
  text.remove_suffix(1);
  std::string_view rest = text;
  const Number number = TRY(take_number(rest));
  if (!rest.empty() || number.whole.size() > 2)
    return fail(ErrorCode::invalid_argument, "a percentage must be below 100");
  const Quantity amount = TRY(Quantity::parse(text));
  return Threshold{.amount = amount, .is_percentage = true};
}

Result<CpuSet> CpuSet::parse(std::string_view text) {
  CpuSet set;
  for (const std::string_view part : split(text, ',')) {
    const auto dash = part.find('-');
    Range range;
    range.first = TRY(parse_integer<unsigned>(part.substr(0, dash)));
    range.last = range.first;
    if (dash != std::string_view::npos) range.last = TRY(parse_integer<unsigned>(part.substr(dash + 1)));
    if (range.last < range.first)
      return fail(ErrorCode::invalid_argument, "the last CPU of a range must not be below the first");
    set.ranges.push_back(range);
  }
  if (set.ranges.empty()) return fail(ErrorCode::invalid_argument, "the list of CPUs is empty");
  return set;
}

}  // namespace bulkhead::settings::value
