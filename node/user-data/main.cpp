#include <stdlib.h>

#include "node/user-data/collect.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  user_data::Places places;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  if (const char* directory = ::getenv("CREDENTIALS_DIRECTORY")) places.credentials = directory;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return user_data::run(arguments, std::move(places), log::Log::from_environment());
}
