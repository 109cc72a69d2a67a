// os-builder: composes, seals, boots and examines Bulkhead images.
#include "lib/cli/program.hpp"
#include "os-builder/verbs.hpp"

int main(int argc, char** argv) {
  bulkhead::cli::Program program("os-builder", "compose, seal, boot and examine Bulkhead images", BULKHEAD_VERSION);
  const bulkhead::VerbOptions options(program);
  return program.main(argc, argv);
}
