#include "os-builder/inspect/verbs.hpp"

#include <unistd.h>

#include <print>

#include "lib/cli/terminal.hpp"
#include "os-builder/inspect/diff.hpp"
#include "os-builder/inspect/inspect.hpp"

namespace bulkhead::inspect {
namespace {

template <class Value>
void print(const Value& value, const cli::Invocation& invocation) {
  std::print("{}", invocation.json ? to_json(value) : to_text(value, cli::use_color(invocation.color, STDOUT_FILENO)));
}

}  // namespace

Result<cli::ExitCode> run_inspect(const InspectOptions& options, const cli::Invocation& invocation) {
  const Inspection inspection = TRY(inspect(options.image));
  print(inspection, invocation);
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> run_verify(const VerifyOptions& options, const cli::Invocation& invocation) {
  const Verification verification = TRY(verify(options));
  print(verification, invocation);
  return verification.passed() ? cli::ExitCode::ok : cli::ExitCode::verification_refused;
}

Result<cli::ExitCode> run_diff(const DiffOptions& options, const cli::Invocation& invocation) {
  const Inspection before = TRY(inspect(options.before));
  const Inspection after = TRY(inspect(options.after));
  print(diff(before, after), invocation);
  return cli::ExitCode::ok;
}

}  // namespace bulkhead::inspect
