// Answers that do not end: /v1/events, and /v1/logs with follow.
#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

using http::Request;
using http::Response;

constexpr std::uint64_t kMostMessages = 10'000;
constexpr std::uint64_t kUsualMessages = 200;

Response events(Node& node) {
  return {.content_type = "text/event-stream", .stream = [&node](const std::shared_ptr<http::Stream>& stream) {
            if (!node.events.listen(stream)) return stream->close();
            stream->send(event_text("health", health_json(node.state())));
          }};
}

Result<journal::Query> query_of(const Request& request) {
  journal::Query query;
  query.limit = TRY(number(request, "limit", 1, kMostMessages, kUsualMessages));
  if (auto unit = request.parameter("unit")) {
    if (unit->empty() || unit->size() > 255)
      return fail(ErrorCode::invalid_argument, "unit: '{}' is not the name of a unit", *unit);
    if (!unit->contains('.')) *unit += ".service";
    query.unit = *std::move(unit);
  }
  if (const auto since = request.parameter("since"))
    query.since = TRY(journal::parse_since(
        *since, std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())));
  if (request.parameter("priority")) {
    const auto priority = TRY(number(request, "priority", 0, 7, std::nullopt));
    query.priority = static_cast<int>(priority);
  }
  return query;
}

std::string lines(const std::vector<journal::Message>& messages) {
  std::string text;
  for (const journal::Message& message : messages)
    text += journal::to_json(message).dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  return text;
}

// Sends new messages for as long as the client is connected.
struct Following {
  journal::Journal journal;
  std::shared_ptr<void> watch{};
};

void follow(Node& node, const std::shared_ptr<Following>& following, const std::shared_ptr<http::Stream>& stream) {
  const auto send = [following, stream] {
    const auto messages = following->journal.read();
    if (!messages) return stream->close();
    if (!messages->empty()) stream->send(lines(*messages));
  };
  const auto fd = following->journal.fd();
  if (!fd) return stream->close();
  stream->on_gone = [following] { following->watch.reset(); };
  following->watch = node.watch(*fd, send);
  send();
}

Result<Response> logs(Node& node, const Request& request) {
  const journal::Query query = TRY(query_of(request));
  auto journal = TRY(journal::Journal::open(query));
  if (request.parameter("follow") != "true") {
    const auto messages = TRY(journal.read());
    Response response = http::text(lines(messages));
    response.content_type = "application/jsonl";
    return response;
  }
  const auto following = std::make_shared<Following>(std::move(journal));
  return Response{
      .content_type = "application/jsonl",
      .stream = [&node, following](const std::shared_ptr<http::Stream>& stream) { follow(node, following, stream); }};
}

}  // namespace

void add_stream_routes(http::Router& router, Node& node) {
  router.add({"GET", "/v1/events", Role::reader, answering([&node](const Request&) { return events(node); })});
  router.add({"GET", "/v1/logs", Role::operator_role, answering([&node](const Request& r) { return logs(node, r); })});
}

}  // namespace bulkhead::handlers
