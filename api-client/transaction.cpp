#include "api-client/transaction.hpp"

#include <nlohmann/json.hpp>
#include <sys/random.h>

#include <array>

#include "lib/net/uri.hpp"

namespace bulkhead::client {
namespace {

std::string with_commas(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

std::string transaction_name(std::string_view verb) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::array<unsigned char, 16> random{};
  // Up to 256 bytes come at once, unless a signal interrupts while the kernel is still seeding (getrandom(2)).
  while (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
  }
  std::string name = "apiclient-" + std::string(verb) + "-";
  for (const unsigned char byte : random) name += kLetters[byte % kLetters.size()];
  return name;
}

Transaction::~Transaction() {
  // When the node does not answer, nothing else can be done: a restart drops unused transactions.
  if (open_) static_cast<void>(api_.call("DELETE", net::target_of("/tx", {{"tx", name_}})));
}

Result<> Transaction::stage_pairs(const std::vector<std::string>& pairs) {
  open_ = true;
  const nlohmann::json body = {{"request_payload", pairs}};
  TRY(api_.call("PATCH", net::target_of("/settings/keypair", {{"tx", name_}}), body.dump()));
  return {};
}

Result<> Transaction::stage_document(const nlohmann::ordered_json& settings) {
  open_ = true;
  TRY(api_.call("PATCH", net::target_of("/settings", {{"tx", name_}}), settings.dump()));
  return {};
}

Result<> Transaction::stage_unset(const std::vector<std::string>& keys) {
  open_ = true;
  TRY(api_.call("DELETE", net::target_of("/v1/settings", {{"tx", name_}, {"keys", with_commas(keys)}})));
  return {};
}

Result<> Transaction::stage_rollback(std::string_view commit) {
  open_ = true;
  TRY(api_.call("POST", net::target_of("/v1/rollback", {{"tx", name_}, {"to", commit}})));
  return {};
}

Result<nlohmann::ordered_json> Transaction::plan() {
  return api_.get_json(net::target_of("/v1/plan", {{"tx", name_}}));
}

Result<nlohmann::ordered_json> Transaction::commit(const std::optional<TryOptions>& attempt) {
  const std::string seconds = attempt ? std::to_string(attempt->seconds) : std::string();
  auto outcome = TRY(api_.call_json("POST", net::target_of("/v1/commit", {{"tx", name_}, {"try", seconds}})));
  open_ = false;
  return outcome;
}

Result<> Transaction::commit_and_hold(int seconds, const std::function<bool(std::string_view)>& on_chunk) {
  const std::string target =
      net::target_of("/v1/commit", {{"tx", name_}, {"try", std::to_string(seconds)}, {"hold", "true"}});
  TRY(api_.stream({.method = "POST", .target = target}, [&](std::string_view bytes) {
    open_ = false;
    return on_chunk(bytes);
  }));
  open_ = false;
  return {};
}

}  // namespace bulkhead::client
