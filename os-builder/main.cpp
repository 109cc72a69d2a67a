// os-builder: composes, seals, boots and examines Bulkhead images.
#include <sys/stat.h>

#include "lib/cli/program.hpp"
#include "os-builder/verbs.hpp"

int main(int argc, char** argv) {
  ::umask(022);  // what a build leaves in the cache is nobody else's to change
  bulkhead::cli::Program program("os-builder", "compose, seal, boot and examine Bulkhead images", BULKHEAD_VERSION);
  // What the verbs read, alive for as long as they may run.
  const bulkhead::VerbOptions options(program);  // NOLINT(bugprone-unused-local-non-trivial-variable)
  return program.main(argc, argv);
}
