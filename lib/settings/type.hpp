// The C++ types of settings, and how each is read from JSON, written and described.
//
// Type<T> has shape(), read() and write(). read() is only called with JSON that check() has accepted for the same shape
// (model.hpp), so it cannot fail; with other JSON it throws.
//
// write() returns what was read: the API and the datastore keep a text as typed.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "lib/settings/shape.hpp"

namespace bulkhead::settings {

template <class T>
struct Type;

// A text that a rule has accepted, without a further meaning: a name, a token. A rule is a type with the constants
// kName, kRule, kPattern and kLongest and, where a pattern is not enough, kPasses: a function.
template <class Rule>
struct Checked {
  std::string text;

  // Errors: invalid_argument, without the text, which may be a secret.
  static Result<Checked> parse(std::string_view text) {
    TRY(check_text(text, Type<Checked>::shape()));
    return Checked{std::string(text)};
  }
  const std::string& to_string() const { return text; }

  auto operator<=>(const Checked&) const = default;
};

// A text with a value: its rule has parse(), which makes the value, so that the text is parsed only once. Two of them
// are equal when their texts are.
template <class Rule>
class Parsed {
 public:
  using Value = decltype(Rule::parse(std::string_view()))::value_type;

  // Errors: as those of Checked.
  static Result<Parsed> parse(std::string_view text) {
    TRY(check_text(text, Type<Parsed>::shape()));
    return read(text);
  }

  const Value& value() const { return value_; }
  const std::string& to_string() const { return text_; }  // as it was typed

  auto operator<=>(const Parsed& other) const { return text_ <=> other.text_; }
  bool operator==(const Parsed& other) const { return text_ == other.text_; }

 private:
  friend Type<Parsed>;
  Parsed(std::string_view text, Value value) : text_(text), value_(std::move(value)) {}
  static Parsed read(std::string_view text) { return Parsed(text, Rule::parse(text).value()); }

  std::string text_;
  Value value_;
};

template <std::int64_t least, std::int64_t most>
struct Integer {
  std::int64_t value = least;

  auto operator<=>(const Integer&) const = default;
};

// The texts of an enumeration, in the order of its values: specialized beside it.
template <class Enum>
inline constexpr auto kNames = nullptr;

template <class Enum>
  requires std::is_enum_v<Enum>
std::string_view name_of(Enum value) {
  return kNames<Enum>.at(static_cast<std::size_t>(value));
}

// A member of a group. Made by the group's static fields(), which returns a tuple of them.
template <class Owner, class Value>
struct Field {
  std::string_view name;
  Value Owner::* member;
  About about;
};
template <class Owner, class Value>
Field(std::string_view, Value Owner::*, About) -> Field<Owner, Value>;

template <class T>
concept Group = requires { T::fields(); };

// Checked or Parsed.
template <class T>
concept AnyText = requires(const T& value) {
  { T::parse(std::string_view()) } -> std::same_as<Result<T>>;
  { value.to_string() } -> std::same_as<const std::string&>;
};

// A number as JSON, for a default that is a constant of the program.
template <std::int64_t number>
struct JsonNumber {
  static constexpr auto kBuffer = [] {
    std::array<char, 20> buffer{};
    std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return buffer;
  }();
  static constexpr std::string_view kText = kBuffer.data();
};

// A table in which nothing is set is the same as none: keys and values (model.hpp) cannot tell them apart.
inline bool is_empty_table(const Json& json) { return json.is_object() && json.empty(); }

template <>
struct Type<bool> {
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::boolean};
    return shape;
  }
  static bool read(const Json& json) { return json.get<bool>(); }
  static Json write(bool value) { return value; }
};

template <std::int64_t least, std::int64_t most>
struct Type<Integer<least, most>> {
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::integer, .least = least, .most = most};
    return shape;
  }
  static Integer<least, most> read(const Json& json) { return {json.get<std::int64_t>()}; }
  static Json write(const Integer<least, most>& value) { return value.value; }
};

template <class Rule>
Shape shape_of_text() {
  return {.kind = Kind::string,
          .name = Rule::kName,
          .rule = Rule::kRule,
          .pattern = Rule::kPattern,
          .longest = Rule::kLongest};
}

template <class Rule>
struct Type<Checked<Rule>> {
  static const Shape& shape() {
    static const Shape shape = [] {
      Shape made = shape_of_text<Rule>();
      if constexpr (requires { Rule::kPasses; }) made.passes = Rule::kPasses;
      return made;
    }();
    return shape;
  }
  static Checked<Rule> read(const Json& json) { return {json.get<std::string>()}; }
  static Json write(const Checked<Rule>& value) { return value.text; }
};

template <class Rule>
struct Type<Parsed<Rule>> {
  static const Shape& shape() {
    static const Shape shape = [] {
      Shape made = shape_of_text<Rule>();
      made.passes = [](std::string_view text) { return Rule::parse(text).has_value(); };
      made.is_url = requires(const Parsed<Rule>& parsed) { parsed.value().may_have_password(); };
      return made;
    }();
    return shape;
  }
  static Parsed<Rule> read(const Json& json) { return Parsed<Rule>::read(json.get_ref<const std::string&>()); }
  static Json write(const Parsed<Rule>& value) { return value.to_string(); }
};

template <class Enum>
  requires std::is_enum_v<Enum>
struct Type<Enum> {
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::string,
                             .name = "a word",
                             .longest = 64,
                             .values = std::vector<std::string>(kNames<Enum>.begin(), kNames<Enum>.end())};
    return shape;
  }
  static Enum read(const Json& json) {
    const std::string text = json.get<std::string>();
    std::size_t index = 0;
    while (kNames<Enum>.at(index) != text) ++index;
    return static_cast<Enum>(index);
  }
  static Json write(Enum value) { return std::string(name_of(value)); }
};

template <class T>
struct Type<std::vector<T>> {
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::list, .element = &Type<T>::shape()};
    return shape;
  }
  static std::vector<T> read(const Json& json) {
    std::vector<T> result;
    for (const Json& element : json) result.push_back(Type<T>::read(element));
    return result;
  }
  static Json write(const std::vector<T>& value) {
    Json json = Json::array();
    for (const T& element : value) json.push_back(Type<T>::write(element));
    return json;
  }
};

template <AnyText Name, class T>
struct Type<std::map<Name, T>> {
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::map, .element = &Type<T>::shape(), .names = &Type<Name>::shape()};
    return shape;
  }
  static std::map<Name, T> read(const Json& json) {
    std::map<Name, T> result;
    for (const auto& [name, element] : json.items()) result.emplace(Type<Name>::read(name), Type<T>::read(element));
    return result;
  }
  static Json write(const std::map<Name, T>& value) {
    Json json = Json::object();
    for (const auto& [name, element] : value) {
      Json written = Type<T>::write(element);
      if (!is_empty_table(written)) json[name.to_string()] = std::move(written);
    }
    return json;
  }
};

// The first alternative whose shape fits.
template <class... Ts>
struct Type<std::variant<Ts...>> {
  using Choice = std::variant<Ts...>;
  static const Shape& shape() {
    static const Shape shape{.kind = Kind::choice, .choices = {&Type<Ts>::shape()...}};
    return shape;
  }
  static Choice read(const Json& json) {
    std::optional<Choice> result;
    const auto take = [&]<class T>(std::type_identity<T>) {
      if (fits(json, Type<T>::shape())) result = Type<T>::read(json);
      return result.has_value();
    };
    (take(std::type_identity<Ts>{}) || ...);
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): throws for what no shape fits, as every read() does
    return std::move(result).value();
  }
  static Json write(const Choice& value) {
    return std::visit([]<class T>(const T& chosen) { return Type<T>::write(chosen); }, value);
  }
};

// Members of groups are optional scalars and lists, maps, and groups. What is not set is absent from the JSON.
namespace member {

template <class T>
struct Of {
  using Value = T;
  static void read(const Json& json, T& into) { into = Type<T>::read(json); }
  static Json write(const T& value) { return Type<T>::write(value); }
};
template <class T>
struct Of<std::optional<T>> {
  using Value = T;
  static void read(const Json& json, std::optional<T>& into) { into = Type<T>::read(json); }
  static Json write(const std::optional<T>& value) { return value ? Type<T>::write(*value) : Json(); }
};

}  // namespace member

template <Group T>
struct Type<T> {
  static const Shape& shape() {
    static const Shape shape = [] {
      Shape made{.kind = Kind::group};
      std::apply([&](const auto&... field) { (made.members.push_back(described(field)), ...); }, T::fields());
      return made;
    }();
    return shape;
  }
  static T read(const Json& json) {
    T result;
    const auto take = [&]<class Value>(const Field<T, Value>& field) {
      const auto found = json.find(field.name);
      if (found != json.end()) member::Of<Value>::read(*found, result.*field.member);
    };
    std::apply([&](const auto&... field) { (take(field), ...); }, T::fields());
    return result;
  }
  static Json write(const T& value) {
    Json json = Json::object();
    const auto put = [&]<class Value>(const Field<T, Value>& field) {
      Json written = member::Of<Value>::write(value.*field.member);
      if (!written.is_null() && !is_empty_table(written)) json[std::string(field.name)] = std::move(written);
    };
    std::apply([&](const auto&... field) { (put(field), ...); }, T::fields());
    return json;
  }

 private:
  template <class Value>
  static Member described(const Field<T, Value>& field) {
    return {.name = std::string(field.name),
            .shape = &Type<typename member::Of<Value>::Value>::shape(),
            .about = field.about};
  }
};

}  // namespace bulkhead::settings
