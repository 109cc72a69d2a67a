#include "node/user-data/collect.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return collect::run(arguments, {}, log::Log::from_environment());
}
