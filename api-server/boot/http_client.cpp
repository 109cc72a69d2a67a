#include "api-server/boot/http_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "lib/base/text.hpp"

namespace bulkhead::boot {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::uint32_t kLargestHeader = 16384;
constexpr std::size_t kLongestUnixPath = 107;
constexpr int kHttp11 = 11;

using Message = http::request<http::empty_body>;

Error no_answer(std::string_view what, const boost::system::error_code& reason) {
  if (reason == http::error::body_limit) return error(ErrorCode::failed_precondition, "the answer is too large");
  return error(ErrorCode::unavailable, "{}: {}", what, reason.message());
}

template <class Stream, class Address>
asio::awaitable<Result<HttpResponse>> exchange(asio::io_context& context, Address address, const Message& message,
                                               const HttpLimits& limits) {
  constexpr auto kUse = asio::as_tuple(asio::use_awaitable);
  Stream stream(context);
  stream.expires_after(limits.timeout);  // once: a peer that sends a byte now and then gains nothing
  const auto [connected] = co_await stream.async_connect(address, kUse);
  if (connected) co_return fail(no_answer("connecting", connected));
  const auto [sent, written] = co_await http::async_write(stream, message, kUse);
  if (sent) co_return fail(no_answer("sending the request", sent));
  http::response_parser<http::string_body> parser;
  parser.body_limit(limits.largest_body);
  parser.header_limit(kLargestHeader);
  beast::flat_buffer buffer;
  const auto [received, count] = co_await http::async_read(stream, buffer, parser, kUse);
  if (received) co_return fail(no_answer("reading the answer", received));
  co_return HttpResponse{.status = parser.get().result_int(), .body = std::move(parser.get().body())};
}

// Beast and Asio throw when a thread or memory is missing; nothing of that leaves this function.
template <class Protocol>
Result<HttpResponse> run(const typename Protocol::endpoint& address, const Message& message, const HttpLimits& limits) {
  using Stream = beast::basic_stream<Protocol, asio::any_io_executor>;
  Result<HttpResponse> result = fail(ErrorCode::internal, "a request came to no end");
  try {
    asio::io_context context(1);
    asio::co_spawn(context, exchange<Stream>(context, address, message, limits),
                   [&](const std::exception_ptr& problem, Result<HttpResponse> answer) {
                     if (problem == nullptr) result = std::move(answer);
                   });
    context.run();
  } catch (const std::exception& problem) {
    result = fail(ErrorCode::internal, "a request could not be made: {}", problem.what());
  }
  return result;
}

Result<Message> message_of(const HttpRequest& request, const std::string& host) {
  const http::verb verb = http::string_to_verb(request.method);
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7f; };
  if (verb == http::verb::unknown || !request.path.starts_with('/') || std::ranges::any_of(request.path, is_bad))
    return fail(ErrorCode::invalid_argument, "'{} {}' is no HTTP request", request.method, request.path);
  Message message(verb, request.path, kHttp11);
  message.set(http::field::host, host);
  message.set(http::field::user_agent, "bulkhead");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) {
    if (std::ranges::any_of(value, is_bad))
      return fail(ErrorCode::invalid_argument, "the value of header '{}' is none", name);
    message.set(name, value);
  }
  message.prepare_payload();
  return message;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid_argument, "'{}' is no endpoint, which is http://ADDRESS or http://ADDRESS:PORT",
                url);
  };
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) return bad();
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const bool bracketed = rest.starts_with('[');
  const std::size_t end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && end == std::string_view::npos) return bad();
  Endpoint endpoint{.address = std::string(rest.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end))};
  std::string_view port = end == std::string_view::npos ? "" : rest.substr(bracketed ? end + 1 : end);
  if (!port.empty()) {
    const auto number = parse_integer<std::uint16_t>(port.substr(1));
    if (!port.starts_with(':') || !number || *number == 0) return bad();
    endpoint.port = *number;
  }
  boost::system::error_code problem;
  const auto address = asio::ip::make_address(endpoint.address, problem);
  if (problem || address.is_v6() != bracketed) return bad();
  return endpoint;
}

Result<HttpResponse> send_tcp(const Endpoint& endpoint, const HttpRequest& request, const HttpLimits& limits) {
  boost::system::error_code problem;
  const auto address = asio::ip::make_address(endpoint.address, problem);
  if (problem) return fail(ErrorCode::invalid_argument, "'{}' is no IP address", endpoint.address);
  const std::string host = address.is_v6() ? std::format("[{}]", endpoint.address) : endpoint.address;
  const Message message = TRY(message_of(request, host));
  return run<asio::ip::tcp>({address, endpoint.port}, message, limits);
}

Result<HttpResponse> send_unix(const sys::Path& socket, const HttpRequest& request, const HttpLimits& limits) {
  if (socket.native().size() > kLongestUnixPath)
    return fail(ErrorCode::invalid_argument, "{} is too long for a socket", socket.native());
  const Message message = TRY(message_of(request, "localhost"));
  return run<asio::local::stream_protocol>({socket.native()}, message, limits);
}

void wait_for(std::chrono::milliseconds time) {
  asio::io_context context(1);
  asio::steady_timer timer(context, time);
  boost::system::error_code ignored;
  timer.wait(ignored);
}

}  // namespace bulkhead::boot
