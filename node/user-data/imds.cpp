#include "node/user-data/imds.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"
#include "lib/net/uri.hpp"

namespace bulkhead::collect {
namespace {

constexpr std::string_view kTokenSeconds = "300";
constexpr std::size_t kLongestLine = 1024;

enum Status : int { ok = 200, unauthorized = 401, forbidden = 403, not_found = 404, too_many = 429, server = 500 };

bool is_worth_another_try(const Result<net::ClientResponse>& answer) {
  if (!answer) return answer.error().code == ErrorCode::unavailable;
  return answer->status == unauthorized || answer->status == too_many || answer->status >= server;
}

Result<net::ClientResponse> send_once(const net::TcpEndpoint& endpoint, const net::ClientRequest& request,
                                      const net::Limits& limits) {
  auto connection = TRY(net::Connection::open(endpoint, limits));
  return connection.send(request);
}

}  // namespace

Result<net::ClientResponse> Imds::ask(const std::string& path) {
  if (token_.empty()) {
    auto token = TRY(send_({.method = "PUT",
                            .target = "/latest/api/token",
                            .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", std::string(kTokenSeconds)}}}));
    if (token.status == forbidden) off_ = true;
    if (token.status != ok) return net::ClientResponse{.status = token.status, .headers = {}, .body = {}};
    token_ = trim(token.body);
  }
  auto answer = TRY(send_({.method = "GET", .target = path, .headers = {{"X-aws-ec2-metadata-token", token_}}}));
  if (answer.status == unauthorized) token_.clear();  // it has expired
  return answer;
}

Result<std::optional<std::string>> Imds::get(const std::string& path) {
  std::chrono::milliseconds pause = patience_.first;
  for (int attempt = 1;; ++attempt) {
    auto answer = ask(path);
    if (off_) return std::nullopt;
    if (!is_worth_another_try(answer) || attempt >= patience_.attempts) {
      net::ClientResponse response = TRY_CTX(std::move(answer), "asking the metadata service for {}", path);
      if (response.status == ok) return std::move(response.body);
      if (response.status == not_found) return std::nullopt;
      return fail(is_worth_another_try(response) ? ErrorCode::unavailable : ErrorCode::failed_precondition,
                  "the metadata service answered {} to a request for {}", response.status, path);
    }
    stopped_ = !wait_(pause);
    if (stopped_) return fail(ErrorCode::aborted, "stopped before the metadata service answered");
    pause = std::min(2 * pause, patience_.longest);
  }
}

Result<std::optional<std::string>> Imds::get_line(const std::string& path) {
  auto body = TRY(get(path));
  if (!body) return std::nullopt;
  std::string line(trim(*body));
  if (line.empty() || line.size() > kLongestLine) return std::nullopt;
  return line;
}

Result<std::optional<std::string>> Imds::user_data() { return get("/latest/user-data"); }

Result<CloudFacts> Imds::facts() {
  CloudFacts facts;
  const auto document = TRY(get("/latest/dynamic/instance-identity/document"));
  if (document) {
    const auto json = codec::parse_json(*document).value_or(nlohmann::json());
    const auto text = [&](const char* name) -> std::optional<std::string> {
      if (!json.is_object() || !json.contains(name) || !json[name].is_string()) return std::nullopt;
      return json[name].get<std::string>();
    };
    facts.region = text("region");
    facts.instance_id = text("instanceId");
  }
  facts.hostname = TRY(get_line("/latest/meta-data/local-hostname"));
  facts.node_address = TRY(get_line("/latest/meta-data/local-ipv4"));
  return facts;
}

Result<net::TcpEndpoint> parse_endpoint(std::string_view url) {
  const auto uri = net::parse_uri(url);
  if (!uri || uri->scheme != "http" || uri->target != "/" || !net::is_address(uri->host))
    return fail(ErrorCode::invalid_argument, "'{}' is not an endpoint: write http://ADDRESS or http://ADDRESS:PORT",
                url);
  return net::TcpEndpoint{.host = uri->host, .port = uri->port == 0 ? std::uint16_t{80} : uri->port};
}

Send to_any_of(std::vector<net::TcpEndpoint> endpoints, net::Limits limits) {
  auto order = std::make_shared<std::vector<net::TcpEndpoint>>(std::move(endpoints));
  return [order, limits](const net::ClientRequest& request) -> Result<net::ClientResponse> {
    Result<net::ClientResponse> answer = fail(ErrorCode::invalid_argument, "there is no endpoint");
    for (net::TcpEndpoint& endpoint : *order) {
      answer = send_once(endpoint, request, limits);
      if (!answer) continue;
      std::swap(order->front(), endpoint);
      return answer;
    }
    return answer;
  };
}

}  // namespace bulkhead::collect
