// One event of a container engine, as far as it means anything to us.
//
// Threads: any (value).
#pragma once

#include "discovery/container_facts.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::discovery {

struct DockerEvent {
    enum class Action : std::uint8_t {
        other,    // nothing we act on
        kill,     // a signal was sent
        die,      // the process ended
        destroy,  // the container is removed
        pause,
        health,   // its health check changed its mind
        look,     // start, stop, restart, unpause, update, rename: ask the engine
        network,  // it joined or left a network: ask, where it runs
    };

    Action action = Action::other;
    std::string name;  // the engine's word, for the log
    std::string container;
    WallTime at{};
    int signal = 0;  // of a kill; 0: none we know
    ContainerFacts::Health health = ContainerFacts::Health::none;
    bool takes_part = false;  // as far as the event's labels say
};

/// "15", "TERM", "SIGTERM" or "SIGRTMIN+3"; 0: no such signal.
int signal_number(std::string_view text) noexcept;

}  // namespace fairlead::discovery
