// The executable: everything is in control/cli.cpp and control/app.cpp.
#include "control/cli.hpp"

int main(int argc, char** argv) {
    return fairlead::control::run_command_line(argc, argv);
}
