#include "api-server/daemon/daemon.hpp"

int main(int argc, char** argv) { return bulkhead::daemon::main(argc, argv); }
