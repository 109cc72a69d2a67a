#include "api-server/channel/messages.hpp"

#include <algorithm>
#include <string_view>
#include <type_traits>

namespace bulkhead::channel {
namespace {

// The fields of each message in their order, for the writer and the reader.
template <class Message, class Visitor>
void visit_fields(Message& message, Visitor& visit) {
  using M = std::remove_const_t<Message>;
  if constexpr (requires { message.id; }) visit(message.id);
  if constexpr (std::is_same_v<M, OpenRemote>) {
    visit(message.chain);
    visit(message.problem);
    visit(message.common_name);
  } else if constexpr (std::is_same_v<M, Ask>) {
    visit(message.method);
    visit(message.path);
  } else if constexpr (std::is_same_v<M, Request>) {
    visit(message.method);
    visit(message.path);
    visit(message.query);
    visit(message.content_type);
    visit(message.body);
  } else if constexpr (std::is_same_v<M, ListenLocal>) {
    visit(message.most);
  } else if constexpr (std::is_same_v<M, ListenRemote>) {
    visit(message.certificates);
    visit(message.client_ca);
    visit(message.key);
  } else if constexpr (std::is_same_v<M, PeerIs>) {
    visit(message.known);
    visit(message.identity);
  } else if constexpr (std::is_same_v<M, MayAsk>) {
    visit(message.allowed);
  } else if constexpr (std::is_same_v<M, Answer>) {
    visit(message.status);
    visit(message.content_type);
    visit(message.body);  // the last one: encode_without_body()
  } else if constexpr (std::is_same_v<M, BeginStream>) {
    visit(message.status);
    visit(message.content_type);
  } else if constexpr (std::is_same_v<M, Chunk>) {
    visit(message.bytes);
  } else {
    static_assert(std::is_same_v<M, OpenLocal> || std::is_same_v<M, Close> || std::is_same_v<M, StopRemote> ||
                  std::is_same_v<M, EndStream> || std::is_same_v<M, Drop>);
  }
}

template <class Number>
void put_number(std::string& bytes, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xffU);
}

void set_length(std::string& frame, std::size_t length) {
  for (std::size_t i = 0; i < kLengthSize; ++i) frame[i] = static_cast<char>((length >> (8 * i)) & 0xffU);
}

struct Size {
  std::size_t bytes = 0;
  void operator()(std::uint64_t) { bytes += 8; }
  void operator()(std::uint32_t) { bytes += 4; }
  void operator()(bool) { bytes += 1; }
  void operator()(const std::string& text) { bytes += 4 + text.size(); }
  void operator()(const crypto::SecretText& text) { bytes += 4 + text.view().size(); }
  void operator()(const std::vector<std::string>& list) {
    bytes += 4;
    for (const std::string& each : list) (*this)(each);
  }
  void operator()(const std::map<std::string, std::string>& map) {
    bytes += 4;
    for (const auto& [name, value] : map) bytes += 8 + name.size() + value.size();
  }
};

struct Writer {
  std::string& bytes;

  void operator()(std::uint64_t value) { put_number(bytes, value); }
  void operator()(std::uint32_t value) { put_number(bytes, value); }
  void operator()(bool value) { bytes += value ? '\1' : '\0'; }
  void operator()(std::string_view text) {
    put_number(bytes, static_cast<std::uint32_t>(text.size()));
    bytes += text;
  }
  void operator()(const std::string& text) { (*this)(std::string_view(text)); }
  void operator()(const crypto::SecretText& text) { (*this)(text.view()); }
  void operator()(const std::vector<std::string>& list) {
    put_number(bytes, static_cast<std::uint32_t>(list.size()));
    for (const std::string& each : list) (*this)(each);
  }
  void operator()(const std::map<std::string, std::string>& map) {
    put_number(bytes, static_cast<std::uint32_t>(map.size()));
    for (const auto& [name, value] : map) {
      (*this)(name);
      (*this)(value);
    }
  }
};

// After the first problem, `bad` says what it is and everything that is read is empty.
struct Reader {
  std::span<const char> rest;
  const char* bad = nullptr;

  void refuse_if(bool wrong, const char* why) {
    if (wrong && bad == nullptr) bad = why;
  }
  template <class Number>
  Number number() {
    refuse_if(rest.size() < sizeof(Number), "a field is cut off");
    if (bad != nullptr) return 0;
    Number value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(rest[i])) << (8 * i));
    rest = rest.subspan(sizeof(Number));
    return value;
  }
  std::string_view text() {
    const auto size = number<std::uint32_t>();
    refuse_if(size > rest.size(), "a text is longer than its frame");
    if (bad != nullptr) return {};
    const std::string_view found(rest.data(), size);
    rest = rest.subspan(size);
    return found;
  }

  void operator()(std::uint64_t& value) { value = number<std::uint64_t>(); }
  void operator()(std::uint32_t& value) { value = number<std::uint32_t>(); }
  void operator()(bool& value) {
    const auto byte = number<std::uint8_t>();
    refuse_if(byte > 1, "a truth is neither 0 nor 1");
    value = byte == 1;
  }
  void operator()(std::string& value) { value = text(); }
  void operator()(crypto::SecretText& value) { value = crypto::SecretText(text()); }
  void operator()(std::vector<std::string>& list) {
    // No room is made for as many as it says: each of them must be there.
    for (auto left = number<std::uint32_t>(); left > 0 && bad == nullptr; --left) list.emplace_back(text());
  }
  void operator()(std::map<std::string, std::string>& map) {
    for (auto left = number<std::uint32_t>(); left > 0 && bad == nullptr; --left) {
      const std::string_view name = text();
      const std::string_view value = text();
      refuse_if(!map.empty() && map.rbegin()->first >= name, "names are out of order");
      if (bad == nullptr) map.emplace_hint(map.end(), name, value);
    }
  }
};

bool has_zero(std::string_view text) { return text.contains('\0'); }

template <class Message>
const char* wrong_with(const Message& /*message*/) {
  return nullptr;
}
const char* wrong_with(const Ask& ask) {
  return has_zero(ask.method) || has_zero(ask.path) ? "a text has a zero byte" : nullptr;
}
const char* wrong_with(const Request& request) {
  const bool zero = has_zero(request.method) || has_zero(request.path) || has_zero(request.content_type) ||
                    std::ranges::any_of(request.query, [](const auto& each) { return has_zero(each.second); });
  return zero ? "a text has a zero byte" : nullptr;
}
const char* wrong_with(const OpenRemote& open) {
  if (!open.chain.empty() && !(open.problem.empty() && open.common_name.empty()))
    return "certificates are good and have a problem";
  return has_zero(open.problem) || has_zero(open.common_name) ? "a text has a zero byte" : nullptr;
}
const char* wrong_status(std::uint32_t status) {
  return status < 200 || status > 599 ? "a status is not one of HTTP" : nullptr;
}
const char* wrong_with(const Answer& answer) { return wrong_status(answer.status); }
const char* wrong_with(const BeginStream& begin) { return wrong_status(begin.status); }

template <class Variant>
std::string encode_any(const Variant& message) {
  return std::visit(
      [&](const auto& each) {
        Size size{.bytes = 1};
        visit_fields(each, size);
        std::string frame;
        frame.reserve(kLengthSize + size.bytes);  // a key must not stay behind where the text was before it grew
        put_number(frame, static_cast<std::uint32_t>(size.bytes));
        frame += static_cast<char>(message.index());
        Writer writer{.bytes = frame};
        visit_fields(each, writer);
        return frame;
      },
      message);
}

template <class Variant, std::size_t index = 0>
Result<Variant> decode_any(std::size_t kind, std::span<const char> fields) {
  if constexpr (index == std::variant_size_v<Variant>) {
    return fail(ErrorCode::invalid_argument, "there is no message {}", kind);
  } else {
    if (kind != index) return decode_any<Variant, index + 1>(kind, fields);
    Reader reader{.rest = fields};
    std::variant_alternative_t<index, Variant> message;
    visit_fields(message, reader);
    if (reader.bad == nullptr && !reader.rest.empty()) reader.bad = "there are bytes behind the last field";
    if (reader.bad == nullptr) reader.bad = wrong_with(message);
    if (reader.bad != nullptr) return fail(ErrorCode::invalid_argument, "message {}: {}", kind, reader.bad);
    return Variant(std::move(message));
  }
}

template <class Variant>
Result<Variant> decode_frame(std::span<const char> frame) {
  if (frame.empty()) return fail(ErrorCode::invalid_argument, "a frame is empty");
  return decode_any<Variant>(static_cast<unsigned char>(frame.front()), frame.subspan(1));
}

}  // namespace

std::string encode(const FromFront& message) { return encode_any(message); }
std::string encode(const ToFront& message) { return encode_any(message); }

std::string encode_without_body(const Answer& answer, std::size_t body_size) {
  std::string frame = encode_any(
      ToFront(Answer{.id = answer.id, .status = answer.status, .content_type = answer.content_type, .body = {}}));
  set_length(frame, frame.size() - kLengthSize + body_size);
  frame.resize(frame.size() - kLengthSize);
  put_number(frame, static_cast<std::uint32_t>(body_size));
  return frame;
}

Result<FromFront> decode_from_front(std::span<const char> frame) { return decode_frame<FromFront>(frame); }
Result<ToFront> decode_to_front(std::span<const char> frame) { return decode_frame<ToFront>(frame); }

}  // namespace bulkhead::channel
