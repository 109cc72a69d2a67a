// What the front and the daemon of the API server say to each other (docs/decisions/0013-api-front.md), as values, and
// as bytes.
//
// A frame is the length of what follows (4 bytes, little-endian), a byte that is the place of its message in the
// variant below, and the message's fields in their order: numbers little-endian, texts and lists with a length of 4
// bytes before them. There is one form for a message, so decode() followed by encode() gives the same bytes. Both ends
// are of the same image; there are no versions.
//
// Whoever reads frames trusts nobody: the front faces the network and may have been taken over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/crypto/secret_text.hpp"

namespace bulkhead::channel {

// Chosen by the front, and never used twice on a channel.
using ConnectionId = std::uint64_t;

// --- from the front

// A client of a Unix socket. The frame carries the accepted socket, by which the kernel says who the client is.
struct OpenLocal {
  ConnectionId id = 0;
  bool operator==(const OpenLocal&) const = default;
};
// A client over TLS: the certificates that it has shown, DER, its own first, when the front finds them good. Otherwise
// there are none, but a problem, "certificate has expired", and whose certificate it was; or nothing, if none was
// shown.
struct OpenRemote {
  ConnectionId id = 0;
  std::vector<std::string> chain{};
  std::string problem{};
  std::string common_name{};
  bool operator==(const OpenRemote&) const = default;
};
struct Close {
  ConnectionId id = 0;
  bool operator==(const Close&) const = default;
};
// Whether a request may be made, before its body is read. Answered with MayAsk.
struct Ask {
  ConnectionId id = 0;
  std::string method;
  std::string path;
  bool operator==(const Ask&) const = default;
};
// Members as those of http::Request. A connection has one at a time, answered with Answer or BeginStream.
struct Request {
  ConnectionId id = 0;
  std::string method;
  std::string path;
  std::map<std::string, std::string> query{};
  std::string content_type{};
  std::string body{};
  bool operator==(const Request&) const = default;
};
using FromFront = std::variant<OpenLocal, OpenRemote, Close, Ask, Request>;

// --- to the front

// The frame carries a listening Unix socket; at most `most` connections at a time come from it.
struct ListenLocal {
  std::uint32_t most = 0;
  bool operator==(const ListenLocal&) const = default;
};
// The frame carries a listening TCP socket, which takes the place of the previous one. PEM, as in http::RemoteListener.
struct ListenRemote {
  std::string certificates;
  std::string client_ca;
  crypto::SecretText key;
  bool operator==(const ListenRemote& other) const {
    return certificates == other.certificates && client_ca == other.client_ca && key.view() == other.key.view();
  }
};
struct StopRemote {
  bool operator==(const StopRemote&) const = default;
};
// The answer to OpenRemote: whether the client has a role, and what is the same for all of its connections.
struct PeerIs {
  ConnectionId id = 0;
  bool known = false;
  std::string identity{};
  bool operator==(const PeerIs&) const = default;
};
struct MayAsk {
  ConnectionId id = 0;
  bool allowed = false;
  bool operator==(const MayAsk&) const = default;
};
struct Answer {
  ConnectionId id = 0;
  std::uint32_t status = 0;
  std::string content_type{};
  std::string body{};
  bool operator==(const Answer&) const = default;
};
// An endless answer: chunks follow, until it ends or the connection does.
struct BeginStream {
  ConnectionId id = 0;
  std::uint32_t status = 0;
  std::string content_type{};
  bool operator==(const BeginStream&) const = default;
};
struct Chunk {
  ConnectionId id = 0;
  std::string bytes{};
  bool operator==(const Chunk&) const = default;
};
struct EndStream {
  ConnectionId id = 0;
  bool operator==(const EndStream&) const = default;
};
// The client may do something else than when it connected: its connection ends, after the answer that is on its way.
struct Drop {
  ConnectionId id = 0;
  bool operator==(const Drop&) const = default;
};
using ToFront =
    std::variant<ListenLocal, ListenRemote, StopRemote, PeerIs, MayAsk, Answer, BeginStream, Chunk, EndStream, Drop>;

// Bytes of a frame without its length. From the front: a body of http::Limits::body, and a head.
inline constexpr std::size_t kLargestFromFront = (1U << 20U) + (128U << 10U);
inline constexpr std::size_t kLargestToFront = 64U << 20U;
inline constexpr std::size_t kLengthSize = 4;

// Whole frames, with their length.
std::string encode(const FromFront& message);
std::string encode(const ToFront& message);
// The frame of an answer whose body, of this size, follows its bytes.
std::string encode_without_body(const Answer& answer, std::size_t body_size);

// A frame without its length. Errors: invalid_argument for anything that encode() does not give: an unknown message, a
// length beyond the frame, bytes behind the last field, a truth that is neither 0 nor 1, names out of order; and for a
// zero byte in a text that handlers read, which no client can send.
Result<FromFront> decode_from_front(std::span<const char> frame);
// The same; and for a status that is none.
Result<ToFront> decode_to_front(std::span<const char> frame);

}  // namespace bulkhead::channel
