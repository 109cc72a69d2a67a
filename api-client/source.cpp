#include "api-client/source.hpp"

#include <unistd.h>

#include <array>
#include <format>

#include "lib/codec/base64.hpp"
#include "lib/net/connection.hpp"
#include "lib/net/uri.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::client {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 20U;

Result<std::string> read_standard_input() {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading standard input");
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLargest)
      return fail(ErrorCode::invalid_argument, "standard input is larger than {} bytes", kLargest);
  }
}

Result<std::string> read_path(const sys::Path& path) {
  auto text = sys::read_stream(path, kLargest);
  if (!text && text.error().code == ErrorCode::not_found)
    text.error().hint = "give the path of a TOML or JSON document, or '-' for standard input";
  return text;
}

Result<std::string> fetch(const net::Uri& uri) {
  const net::Endpoint endpoint = TRY(net::endpoint_of(uri));
  auto connection = TRY(net::Connection::open(endpoint, {.response_bytes = kLargest}));
  net::ClientResponse response = TRY(connection.send({.target = uri.target}));
  if (response.status >= 300 && response.status < 400)
    return fail(error(ErrorCode::failed_precondition,
                      "{} redirects to another address, which apiclient does not follow", uri.host)
                    .with_hint(std::format("if you trust it, use {}", response.header("Location"))));
  if (!response.ok()) return fail(ErrorCode::unavailable, "{} answers with status {}", uri.host, response.status);
  return std::move(response.body);
}

}  // namespace

Result<std::string> read_source(const std::string& source) {
  static constexpr std::string_view kBase64 = "base64:";
  if (source == "-") return read_standard_input();
  if (source.starts_with(kBase64)) {
    const auto bytes = codec::from_base64(std::string_view(source).substr(kBase64.size()));
    if (!bytes) return fail(ErrorCode::invalid_argument, "the text after 'base64:' is not valid base64");
    return std::string(as_text(*bytes));
  }
  if (!source.contains("://") && !source.starts_with("arn:")) return read_path(source);
  const net::Uri uri = TRY(net::parse_uri(source));
  if (uri.scheme == "file") {
    if (!uri.host.empty() && uri.host != "localhost")
      return fail(ErrorCode::invalid_argument, "'{}' names a host; for a local file, write file:///PATH", source);
    return read_path(uri.path);
  }
  if (uri.scheme == "http" || uri.scheme == "https") return TRY_CTX(fetch(uri), "{}", source);
  return fail(error(ErrorCode::invalid_argument, "'{}:' is not a kind of source that apiclient can read", uri.scheme)
                  .with_hint("use a path, '-', file:, http:, https: or base64:"));
}

}  // namespace bulkhead::client
