// The inputs of a stage of the build: one struct that lists its fields (fields.hpp), and the digest made from that
// list. A member that is not in the list does not compile, so nothing that a stage uses can be left out of its digest.
// The same holds for layers (rootfs/layer_store.hpp) and the build id (sbom/build_id.hpp).
//
// How a field enters the digest: texts, numbers and versions unchanged; a list by its elements in their order; a file
// by its content or, as a Product, by the inputs of the stage that made it; a key by its certificate; a struct with
// kFields by its fields; a pointer, which is never null, by what it points to.
#pragma once

#include <concepts>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>

#include "lib/base/hex.hpp"
#include "lib/base/result.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/stage/fields.hpp"

namespace bulkhead::stage {

// A digest over named values. Names and values are length-prefixed, so that no two lists have the same digest input.
class NamedDigest {
 public:
  NamedDigest& add(std::string_view name, std::string_view value);
  NamedDigest& add(std::string_view name, const Sha256& digest) { return add(name, digest.to_string()); }
  Sha256 finish() { return stream_.finish(); }

 private:
  crypto::Sha256Stream stream_;
};

// A file or a directory that a stage has made. The digest of the stage's inputs decides every byte of it, so that
// nothing has to be read again.
struct Product {
  sys::Path path;
  Sha256 inputs{};

  const Sha256& digest() const { return inputs; }
  // A file inside a directory.
  Product file(std::string_view name) const { return {.path = path / name, .inputs = inputs}; }
};

template <HasFields Inputs>
Result<Sha256> digest_of(const Inputs& inputs);

namespace detail {

template <class T>
concept HasDigest = requires(const T& value) {
  { value.digest() } -> std::convertible_to<Result<Sha256>>;
};

template <class Value>
Result<std::string> text_of(const Value& value) {
  if constexpr (std::is_pointer_v<Value>) {
    return text_of(*value);
  } else if constexpr (HasFields<Value>) {
    const Sha256 digest = TRY(digest_of(value));
    return digest.to_string();
  } else if constexpr (HasDigest<Value>) {
    const Sha256 digest = TRY(Result<Sha256>(value.digest()));
    return digest.to_string();
  } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
    return std::string(std::string_view(value));
  } else if constexpr (std::integral<Value>) {
    return std::to_string(value);
  } else if constexpr (requires { value.to_string(); }) {
    return value.to_string();
  } else if constexpr (requires { value.first, value.second; }) {  // an element of a map
    const std::string first = TRY(text_of(value.first));
    const std::string second = TRY(text_of(value.second));
    return NamedDigest().add("first", first).add("second", second).finish().to_string();
  } else {
    static_assert(std::ranges::range<Value>, "say how a field of this type counts");
    NamedDigest digest;
    for (const auto& element : value) {
      const std::string text = TRY(text_of(element));
      digest.add("element", text);
    }
    return digest.finish().to_string();
  }
}

}  // namespace detail

// Errors: those of reading a file that counts by its content.
template <HasFields Inputs>
Result<Sha256> digest_of(const Inputs& inputs) {
  static_assert(lists_every_member<Inputs>(), "kFields must have every member exactly once");
  NamedDigest digest;
  const auto add = [&](const auto& field) -> Result<> {
    const std::string text = TRY_CTX(detail::text_of(inputs.*field.member), "input '{}'", field.name);
    digest.add(field.name, text);
    return {};
  };
  Result<> added;
  std::apply([&](const auto&... field) { static_cast<void>((... && (added = add(field)).has_value())); },
             Inputs::kFields);
  TRY(std::move(added));
  return digest.finish();
}

}  // namespace bulkhead::stage
