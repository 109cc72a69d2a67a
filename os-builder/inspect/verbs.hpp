// The verbs inspect, verify and diff: what they print and which exit code they give.
#pragma once

#include "lib/cli/program.hpp"
#include "os-builder/inspect/verify.hpp"

namespace bulkhead::inspect {

struct InspectOptions {
  sys::Path image;
};
Result<cli::ExitCode> run_inspect(const InspectOptions& options, const cli::Invocation& invocation);

// Exit code verification_refused when any check failed.
Result<cli::ExitCode> run_verify(const VerifyOptions& options, const cli::Invocation& invocation);

struct DiffOptions {
  sys::Path before;
  sys::Path after;
};
// Exit code ok whether the images differ or not.
Result<cli::ExitCode> run_diff(const DiffOptions& options, const cli::Invocation& invocation);

}  // namespace bulkhead::inspect
