// What all verbs that change settings have in common: stage, then show the plan, try, or commit.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <string>

#include "api-client/render.hpp"
#include "api-client/transaction.hpp"
#include "api-client/verbs.hpp"

namespace bulkhead::client {

struct ChangeOptions {
  bool dry_run = false;
  std::string try_for;
  bool hold = false;
};

void add_change_options(CLI::App& app, ChangeOptions& options);

using Stage = std::function<Result<>(Transaction&)>;

// Opens the API, runs `stage` in a new transaction named after the verb and does what the options say. On any error the
// transaction is dropped.
Result<cli::ExitCode> change(const Where& where, std::string_view verb, const ChangeOptions& options,
                             const cli::Invocation& invocation, const Stage& stage);

// Stages, shows the plan on standard output and drops the transaction.
Result<cli::ExitCode> show_plan(const Where& where, std::string_view verb, const cli::Invocation& invocation,
                                const Stage& stage);

// The answer of confirm, revert and commit: JSON on standard output with --json, messages otherwise.
void report_outcome(const Json& outcome, const cli::Invocation& invocation);

}  // namespace bulkhead::client
