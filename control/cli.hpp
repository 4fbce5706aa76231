// The command line: `fairlead run`, `check`, `routes`, `services`, `explain`, `events`, `diff`,
// `version`.
//
// Exit codes: 0 done; 1 it could not be done (a port is taken, nobody answers); 2 the command line
// or the configuration is wrong; 128 + signal after a second SIGTERM or SIGINT. `diff` is as
// diff(1): 0 the same, 1 different, 2 for all that goes wrong.
#pragma once

namespace fairlead::control {

int run_command_line(int argc, const char* const* argv);

}  // namespace fairlead::control
