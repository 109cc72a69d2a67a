#include "lib/net/connection.hpp"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/version.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <format>
#include <optional>

#include "lib/net/channel.hpp"

namespace bulkhead::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// A body that is consumed piece by piece. Unlike string_body it does not trust a length that the peer announces.
struct TakenBody {
  struct value_type {  // NOLINT(readability-identifier-naming): Beast asks for this name
    std::string bytes;
    std::size_t limit = 0;
  };

  class reader {  // NOLINT(readability-identifier-naming): and for this one
   public:
    template <bool request, class Fields>
    reader(http::header<request, Fields>& /*head*/, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& /*announced*/, error_code& failure) { failure = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& failure) {
      failure = {};
      std::size_t taken = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        if (body_.bytes.size() + buffer.size() > body_.limit) {
          failure = http::error::body_limit;
          return taken;
        }
        body_.bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
        taken += buffer.size();
      }
      return taken;
    }

    void finish(error_code& failure) { failure = {}; }

   private:
    value_type& body_;
  };
};

using Parser = http::response_parser<TakenBody>;

// Beast throws when a field is too long.
Result<std::string> wire_form(const ClientRequest& request, const std::string& host) try {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, host);
  message.set(http::field::user_agent, "bulkhead");
  if (!request.body.empty() && !request.content_type.empty())
    message.set(http::field::content_type, request.content_type);
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = request.body;
  message.prepare_payload();

  std::string bytes;
  http::request_serializer<http::string_body> serializer(message);
  error_code failure;
  while (!serializer.is_done() && !failure) {
    serializer.next(failure, [&](error_code& /*unused*/, const auto& buffers) {
      std::size_t size = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
        size += buffer.size();
      }
      serializer.consume(size);
    });
  }
  return bytes;
} catch (const std::exception& thrown) {
  return fail(ErrorCode::invalid_argument, "the request cannot be sent: {}", thrown.what());
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == std::string_view::npos;
}

// Refuses values that would change the structure of the written request.
Result<> check(const ClientRequest& request) {
  if (!is_token(request.method)) return fail(ErrorCode::invalid_argument, "'{}' is not an HTTP method", request.method);
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (request.target.empty() || request.target.front() != '/' || std::ranges::any_of(request.target, is_bad))
    return fail(ErrorCode::invalid_argument, "'{}' is not a path: a path begins with / and has no spaces",
                request.target);
  const auto ends_line = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  };
  if (ends_line(request.content_type))
    return fail(ErrorCode::invalid_argument, "the content type contains a line break");
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || name.contains(':') || std::ranges::any_of(name, is_bad))
      return fail(ErrorCode::invalid_argument, "'{}' is not a name for a header", name);
    if (ends_line(value))
      return fail(ErrorCode::invalid_argument, "the value of header '{}' contains a line break", name);
  }
  return {};
}

// The default port is left out (RFC 9110, 4.2.3): signed URLs depend on that.
std::string host_of(const Endpoint& endpoint) {
  if (std::holds_alternative<UnixEndpoint>(endpoint)) return "localhost";
  std::string host = to_string(endpoint);
  const std::string_view usual = std::holds_alternative<TcpEndpoint>(endpoint) ? ":80" : ":443";
  if (host.ends_with(usual)) host.resize(host.size() - usual.size());
  return host;
}

ClientResponse response_of(Parser& parser) {
  ClientResponse response{.status = static_cast<int>(parser.get().result_int()), .headers = {}, .body = {}};
  for (const auto& field : parser.get().base())
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(parser.get().body().bytes);
  return response;
}

}  // namespace

struct Connection::State {
  Endpoint endpoint;
  Limits limits;
  std::string peer;
  std::optional<Channel> channel;
  std::string unread;  // bytes after the last answer

  // Valid as long as `channel` is not reset.
  Result<Channel*> connect() {
    if (!channel) {
      channel = TRY(Channel::open(endpoint, Clock::now() + limits.connect));
      unread.clear();
    }
    return &*channel;
  }

  // After an error, bytes of the old answer may still arrive.
  void drop() {
    channel.reset();
    unread.clear();
  }

  // Reads once and gives the parser all that it accepts; an incomplete line stays in `unread`.
  Result<> receive(Channel& from, Parser& parser, Deadline deadline) {
    std::array<char, 16384> buffer;
    const std::size_t count = TRY(from.read(buffer, deadline));
    error_code failure;
    if (count == 0) {
      if (parser.got_some()) parser.put_eof(failure);
      if (!failure && parser.is_done()) return {};
      const bool has_begun = parser.got_some() || !unread.empty();
      const std::string_view end = has_begun ? "before the end of its answer" : "without an answer";
      return fail(error(ErrorCode::unavailable, "{} closed the connection {}", peer, end)
                      .with_hint("check the log of that server"));
    }
    unread.append(buffer.data(), count);
    return feed(parser);
  }

  Result<> feed(Parser& parser) {
    error_code failure;
    while (!unread.empty() && !parser.is_done() && !failure) {
      const std::size_t used = parser.put(boost::asio::const_buffer(unread.data(), unread.size()), failure);
      unread.erase(0, used);
    }
    if (failure == http::error::body_limit)
      return fail(ErrorCode::data_loss, "the answer of {} is larger than {} bytes", peer, limits.response_bytes);
    if (failure && failure != http::error::need_more)
      return fail(ErrorCode::data_loss, "{} does not speak HTTP: {}", peer, failure.message());
    return {};
  }

  Result<ClientResponse> exchange(const ClientRequest& request, const std::function<bool(std::string_view)>* on_chunk);
};

Result<ClientResponse> Connection::State::exchange(const ClientRequest& request,
                                                   const std::function<bool(std::string_view)>* on_chunk) {
  TRY(check(request));
  if (!unread.empty()) channel.reset();  // bytes that answer no request
  Channel* const connected = TRY(connect());
  const Clock::time_point limit = Clock::now() + limits.request;
  const std::string message = TRY(wire_form(request, host_of(endpoint)));
  TRY(connected->write(message, limit));

  std::optional<Parser> parser;
  do {  // answers like "100 Continue" announce the real one
    parser.emplace();
    parser->eager(true);
    parser->body_limit(boost::none);  // TakenBody has its own
    parser->get().body().limit = limits.response_bytes;
    parser->skip(request.method == "HEAD");
    if (!unread.empty()) TRY(feed(*parser));
    while (!parser->is_header_done()) TRY(receive(*connected, *parser, limit));
  } while (parser->get().result_int() / 100 == 1);

  const bool streams = on_chunk != nullptr && parser->get().result_int() / 100 == 2;
  const Deadline deadline = streams ? Deadline{} : limit;
  for (;;) {
    std::string& bytes = parser->get().body().bytes;
    if (streams && !bytes.empty()) {
      const bool go_on = (*on_chunk)(bytes);
      bytes.clear();
      if (!go_on) {
        channel.reset();
        return response_of(*parser);
      }
    }
    if (parser->is_done()) break;
    TRY(receive(*connected, *parser, deadline));
  }
  if (!parser->keep_alive()) channel.reset();
  return response_of(*parser);
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(Endpoint endpoint, Limits limits) {
  std::string peer = to_string(endpoint);
  auto state = std::make_unique<State>(
      State{.endpoint = std::move(endpoint), .limits = limits, .peer = std::move(peer), .channel = {}, .unread = {}});
  TRY(state->connect());
  return Connection(std::move(state));
}

Result<ClientResponse> Connection::send(const ClientRequest& request) {
  auto response = state_->exchange(request, nullptr);
  if (!response) state_->drop();
  return response;
}

Result<ClientResponse> Connection::stream(const ClientRequest& request,
                                          const std::function<bool(std::string_view)>& on_chunk) {
  auto response = state_->exchange(request, &on_chunk);
  if (!response) state_->drop();
  return response;
}

}  // namespace bulkhead::net
