// apiserver: owns every setting of the node.
#pragma once

namespace bulkhead::daemon {

// The program: its options, and serving until SIGTERM. Returns the exit code.
int main(int argc, char** argv);

}  // namespace bulkhead::daemon
