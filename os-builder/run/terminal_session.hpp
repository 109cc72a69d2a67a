// The guest's console on the user's terminal.
#pragma once

#include "lib/vm/machine.hpp"

namespace bulkhead::run {

// Keys after Ctrl-] , as telnet and machinectl do it.
inline constexpr char kEscapeKey = '\x1d';
inline constexpr std::string_view kEscapeHelp =
    "Ctrl-] then: q power off at once, p press the power button, r press the reset button, Ctrl-] type Ctrl-], ? this "
    "help";

// Passes bytes between standard input, standard output and the console until the machine ends. The terminal is in raw
// mode meanwhile and is always restored, also after SIGTERM, SIGINT or SIGHUP, which switch the machine off.
Result<> run_terminal_session(vm::Machine& machine);

}  // namespace bulkhead::run
