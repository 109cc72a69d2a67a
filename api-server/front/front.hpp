// apiserver-front: reads what clients of the API send, over TLS and Unix sockets, without any right of its own.
//
// It has no key but the one of the remote listener, no file, and nothing that it could ask the kernel for besides the
// sockets that the daemon hands it (lockdown.hpp). docs/decisions/0013-api-front.md.
#pragma once

namespace bulkhead::front {

// apiserver-front --channel PATH: connects to the daemon; "-": standard input is connected to it. Serves until the
// daemon closes the channel, answers what is under way, and returns the exit code: 0 also then.
int main(int argc, char** argv);

}  // namespace bulkhead::front
