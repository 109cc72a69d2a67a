// History: /v1/history, /v1/diff, /v1/rollback, /v1/audit.
#include <ranges>

#include "api-server/handlers/routes.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::handlers {
namespace {

using http::Request;
using http::Response;

constexpr std::uint64_t kMost = 10'000;

Json changes_json(const std::vector<datastore::Change>& changes, const settings::Flat& before) {
  Json result = Json::array();
  for (const datastore::Change& change : changes) result.push_back(configuration::json_of(change, before));
  return result;
}

Result<Response> history(const Node& node, const Request& request) {
  const std::uint64_t limit = TRY(number(request, "limit", 1, kMost, kMost));
  Json commits = Json::array();
  for (const datastore::Commit& commit : std::views::reverse(node.configuration.store().history())) {
    if (commits.size() >= limit) break;
    commits.push_back(configuration::json_of(commit));
  }
  return http::json(commits);
}

Result<Response> one_commit(const Node& node, const Request& request) {
  const std::string& text = request.captures.front();
  const auto id = parse_integer<std::uint64_t>(text);
  if (!id) return fail(ErrorCode::invalid_argument, "'{}' is not the number of a commit", text.substr(0, 64));
  TRY(node.configuration.store().after(*id));
  for (const datastore::Commit& commit : node.configuration.store().history()) {
    if (commit.id != *id) continue;
    Json document = configuration::json_of(commit);
    const auto before = TRY(node.configuration.store().after(*id - 1));
    document["changes"] = changes_json(commit.changes, before);
    return http::json(document);
  }
  return fail(error(ErrorCode::not_found, "commit {} is where the history begins: what it changed is not known", *id)
                  .with_hint("list the commits: apiclient history"));
}

Result<Response> diff(const Node& node, const Request& request) {
  const datastore::Datastore& store = node.configuration.store();
  const auto from = TRY(number(request, "from", 0, UINT64_MAX, std::nullopt));
  const auto to = TRY(number(request, "to", 0, UINT64_MAX, store.last_commit()));
  const auto before = TRY(store.after(from));
  const auto after = TRY(store.after(to));
  return http::json(changes_json(datastore::difference(before, after), before));
}

}  // namespace

void add_history_routes(http::Router& router, Node& node) {
  router.add({"GET", "/v1/history", Role::reader, answering([&node](const Request& r) { return history(node, r); })});
  router.add({"GET", "/v1/history/{commit}", Role::reader,
              answering([&node](const Request& r) { return one_commit(node, r); })});
  router.add({"GET", "/v1/diff", Role::reader, answering([&node](const Request& r) { return diff(node, r); })});
  router.add({"POST", "/v1/rollback", Role::operator_role, answering([&node](const Request& r) -> Result<Response> {
                const auto to = TRY(number(r, "to", 0, UINT64_MAX, std::nullopt));
                TRY(node.configuration.stage_rollback(caller_of(r), transaction_of(r), to));
                return http::no_content();
              })});
  router.add({"GET", "/v1/audit", Role::reader, answering([&node](const Request& r) -> Result<Response> {
                const auto limit = TRY(number(r, "limit", 1, kMost, 100));
                node.audit.settle();
                return http::json(node.audit.newest(limit));
              })});
}

}  // namespace bulkhead::handlers
