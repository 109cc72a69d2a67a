// A named transaction on the node. Its destructor drops it unless it was committed, so a failed verb leaves nothing
// staged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-client/api.hpp"

namespace bulkhead::client {

// "apiclient-set-<16 random letters and digits>", as Bottlerocket names them.
std::string transaction_name(std::string_view verb);

struct TryOptions {
  int seconds = 0;
  bool hold = false;
};

class Transaction {
 public:
  // Nothing is sent yet. `api` must outlive the transaction.
  Transaction(Api& api, std::string_view verb) : api_(api), name_(transaction_name(verb)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  const std::string& name() const { return name_; }
  Result<> stage_pairs(const std::vector<std::string>& pairs);
  Result<> stage_document(const nlohmann::ordered_json& settings);
  Result<> stage_unset(const std::vector<std::string>& keys);
  Result<> stage_rollback(std::string_view commit);

  Result<nlohmann::ordered_json> plan();
  // The outcome. On error the transaction is still open, until the destructor.
  Result<nlohmann::ordered_json> commit(const std::optional<TryOptions>& attempt = std::nullopt);
  // A try that holds: events as they come, until the try is over or `on_chunk` says so.
  Result<> commit_and_hold(int seconds, const std::function<bool(std::string_view)>& on_chunk);

 private:
  Api& api_;
  std::string name_;
  bool open_ = false;
};

}  // namespace bulkhead::client
