// Transactions and their commits: /tx…, /v1/plan, /v1/commit, /v1/try….
#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

using configuration::ChangeOutcome;
using http::Reply;
using http::Request;
using http::Response;
using settings::Key;

constexpr std::uint64_t kLongestTry = 86'400;

configuration::CommitRequest wanted_by(const Request& request) {
  return {.transaction = transaction_of(request), .caller = caller_of(request)};
}

std::string joined_keys(const std::vector<datastore::Change>& changes) {
  std::string text;
  for (const datastore::Change& change : changes) text += (text.empty() ? "" : " ") + change.key.to_string();
  return text;
}

// Records the result, then answers.
configuration::Done finishing(Node& node, const Request& request, std::string action,
                              std::function<void(const ChangeOutcome&)> answer, Reply reply) {
  return [&node, peer = request.peer, transaction = transaction_of(request), action = std::move(action),
          answer = std::move(answer), reply = std::move(reply)](const Result<ChangeOutcome>& outcome) {
    // The router writes down what was refused because of who asked.
    if (!outcome && outcome.error().code == ErrorCode::permission_denied) return reply(http::failure(outcome.error()));
    AuditRecord record{.author = peer->name,
                       .action = action,
                       .result = "done",
                       .transaction = transaction,
                       .identity = peer->identity,
                       .always = outcome && peer->role == Role::admin};
    if (outcome) {
      record.keys = joined_keys(outcome->changes);
    } else {
      record.result = http::status_of(outcome.error()) < 500 ? "refused" : "failed";
      record.message = outcome.error().describe();
    }
    node.audit.write(std::move(record));
    if (outcome)
      answer(*outcome);
    else
      reply(http::failure(outcome.error()));
  };
}

void commit(Node& node, const Request& request, const Reply& reply, bool apply) {
  configuration::CommitRequest wanted = wanted_by(request);
  wanted.apply = apply;
  const auto answer = [reply](const ChangeOutcome& outcome) {
    reply(http::json(configuration::keys_of(outcome.changes)));
  };
  node.configuration.commit(std::move(wanted),
                            finishing(node, request, apply ? "commit and apply" : "commit", answer, reply));
}

// Of the parameter `keys`: settings, or tables of them. Errors: not_found for what is neither.
Result<std::vector<Key>> declared_keys(const Request& request) {
  const auto names = TRY(listed(request, "keys", false));
  std::vector<Key> keys;
  for (const std::string& name : names) {
    Key key = TRY(Key::parse(name));
    TRY(settings::find(settings::Settings::shape(), key));
    // To notify services is as much as to change what they read.
    if (settings::changed_by_with_all_below(settings::Settings::shape(), key) > caller_of(request).role)
      return fail(ErrorCode::permission_denied, "{} may not reapply {}: this needs the role admin", request.peer->name,
                  key.empty() ? "settings" : key.to_string());
    keys.push_back(std::move(key));
  }
  return keys;
}

void apply(Node& node, const Request& request, const Reply& reply) {
  auto keys = declared_keys(request);
  if (!keys) return reply(http::failure(keys.error()));
  node.configuration.apply(
      *std::move(keys),
      finishing(node, request, "apply", [reply](const ChangeOutcome&) { reply(http::no_content()); }, reply));
}

// The answer to a held try: a stream that ends with the try. When the client disconnects first, the try is reverted.
Response held(Node& node, const Json& begun) {
  return {.content_type = "text/event-stream", .stream = [&node, begun](const std::shared_ptr<http::Stream>& stream) {
            const auto mine = node.configuration.current_try() ? node.configuration.current_try()->transaction : "";
            stream->send(event_text("try", {{"state", "begun"}, {"outcome", begun}}));
            const auto listening = node.events.listen(stream);
            const auto leave = stream->on_gone;
            stream->on_gone = [&node, mine, leave] {
              if (leave) leave();
              const auto& current = node.configuration.current_try();
              if (!current || current->transaction != mine) return;
              node.configuration.revert("the client disconnected", [](const Result<ChangeOutcome>&) {}, mine);
            };
            if (!listening) stream->close();
          }};
}

void v1_commit(Node& node, const Request& request, const Reply& reply) {
  configuration::CommitRequest wanted = wanted_by(request);
  if (request.parameter("try")) {
    const auto seconds = number(request, "try", 1, kLongestTry, std::nullopt);
    if (!seconds) return reply(http::failure(seconds.error()));
    wanted.try_for = std::chrono::seconds(*seconds);
  }
  const bool hold = request.parameter("hold") == "true";
  if (hold && !wanted.try_for)
    return reply(http::failure(error(ErrorCode::invalid_argument, "the parameter 'hold' needs 'try'")));
  node.configuration.commit(wanted, finishing(
                                        node, request, wanted.try_for ? "try" : "commit and apply",
                                        [&node, reply, hold](const ChangeOutcome& outcome) {
                                          Json body = configuration::json_of(outcome);
                                          if (const auto& open = node.configuration.current_try())
                                            body["try"] =
                                                configuration::json_of(*open, std::chrono::steady_clock::now());
                                          reply(hold ? held(node, body) : http::json(body));
                                        },
                                        reply));
}

Result<Response> get_tx(const Node& node, const Request& request) {
  const auto changes = TRY(node.configuration.store().pending(transaction_of(request)));
  settings::Flat values;
  for (const datastore::Change& change : changes) {
    if (change.value) values.emplace(change.key, *change.value);
  }
  const Json document = settings::unflat(values);
  return http::json(request.peer->role >= Role::admin ? document
                                                      : settings::redacted(document, settings::Settings::shape()));
}

Result<Response> plan(const Node& node, const Request& request) {
  const auto planned = TRY(node.configuration.plan(transaction_of(request)));
  return http::json(configuration::json_of(planned, node.configuration.store().live()));
}

Result<Response> current_try(const Node& node) {
  const auto& open = node.configuration.current_try();
  if (!open) return fail(ErrorCode::not_found, "no try is open");
  return http::json(configuration::json_of(*open, std::chrono::steady_clock::now()));
}

}  // namespace

void add_transaction_routes(http::Router& router, Node& node) {
  router.add({"GET", "/tx", Role::reader, answering([&node](const Request& r) { return get_tx(node, r); })});
  router.add({"DELETE", "/tx", Role::operator_role, answering([&node](const Request& r) -> Result<Response> {
                const auto dropped = TRY(node.configuration.drop(caller_of(r), transaction_of(r)));
                return http::json(configuration::keys_of(dropped));
              })});
  router.add({"GET", "/tx/list", Role::reader,
              answering([&node](const Request&) { return http::json(node.configuration.store().transactions()); })});
  router.add({"POST", "/tx/commit", Role::operator_role,
              [&node](const Request& r, const Reply& reply) { commit(node, r, reply, false); }});
  router.add({"POST", "/tx/apply", Role::operator_role,
              [&node](const Request& r, const Reply& reply) { apply(node, r, reply); }});
  router.add({"POST", "/tx/commit_and_apply", Role::operator_role,
              [&node](const Request& r, const Reply& reply) { commit(node, r, reply, true); }});
  router.add({"GET", "/v1/plan", Role::reader, answering([&node](const Request& r) { return plan(node, r); })});
  router.add({"POST", "/v1/commit", Role::operator_role,
              [&node](const Request& r, const Reply& reply) { v1_commit(node, r, reply); }});
  router.add({"GET", "/v1/try", Role::reader, answering([&node](const Request&) { return current_try(node); })});
  const auto outcome = [](const Reply& reply) {
    return [reply](const ChangeOutcome& done) { reply(http::json(configuration::json_of(done))); };
  };
  router.add({"POST", "/v1/try/confirm", Role::operator_role, [&node, outcome](const Request& r, const Reply& reply) {
                node.configuration.confirm(caller_of(r), finishing(node, r, "confirm", outcome(reply), reply));
              }});
  router.add({"POST", "/v1/try/revert", Role::operator_role, [&node, outcome](const Request& r, const Reply& reply) {
                node.configuration.revert(r.peer->name + " reverted it",
                                          finishing(node, r, "revert", outcome(reply), reply));
              }});
}

}  // namespace bulkhead::handlers
