// Structs that list their members, and the proof that the list is complete.
//
//   struct SealInputs {
//     stage::Product root;
//     keys::KeyPair key;
//
//     static constexpr std::tuple kFields = {stage::Field{"root", &SealInputs::root},
//                                            stage::Field{"key", &SealInputs::key}};
//   };
//
// Limits: an aggregate without base classes, references and arrays.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace bulkhead::stage {

template <class Owner, class Value>
struct Field {
  std::string_view name;
  Value Owner::* member;
};

template <class T>
concept HasFields = requires { std::tuple_size<std::remove_cvref_t<decltype(T::kFields)>>::value; };

namespace detail {

// Initializes a member of any type. Never defined: it only stands in expressions that are not evaluated.
struct AnyValue {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): an initializer has to convert by itself
};

template <class T, std::size_t... number>
consteval bool takes_initializers(std::index_sequence<number...>) {
  return requires { T{(static_cast<void>(number), AnyValue())...}; };
}

// An aggregate takes as many initializers as it has members.
template <class T, std::size_t count = 0>
consteval std::size_t member_count() {
  if constexpr (takes_initializers<T>(std::make_index_sequence<count + 1>())) return member_count<T, count + 1>();
  return count;
}

template <class A, class B>
constexpr bool same_member(A a, B b) {
  if constexpr (std::same_as<A, B>) return a.member == b.member;
  return false;
}

}  // namespace detail

// Whether kFields has every member of T exactly once.
template <HasFields T>
consteval bool lists_every_member() {
  const auto check = [](auto... fields) {
    const auto occurrences = [&](auto field) {
      return (std::size_t{0} + ... + static_cast<std::size_t>(detail::same_member(field, fields)));
    };
    return sizeof...(fields) == detail::member_count<T>() && (... && (occurrences(fields) == 1));
  };
  return std::apply(check, T::kFields);
}

}  // namespace bulkhead::stage
