// What discovery knows about one container, whoever told it: plain values that label rules are
// applied to, so that those rules need no engine to be tested.
//
// Threads: any (values).
#pragma once

#include "proxy/base/clock.hpp"

#include <csignal>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fairlead::discovery {

using Labels = std::map<std::string, std::string>;

struct PublishedPort {
    std::uint16_t container_port = 0;
    std::string host_ip;  // as the engine says it: may be 0.0.0.0, :: or empty
    std::uint16_t host_port = 0;

    bool operator==(const PublishedPort&) const = default;
};

struct ContainerFacts {
    enum class Run : std::uint8_t {
        running,
        paused,
        stopped
    };  // stopped: it exists, without a process
    enum class Health : std::uint8_t { none, starting, healthy, unhealthy };

    std::string id;    // 64 hex digits
    std::string name;  // without the slash
    std::string image;
    Labels labels;
    WallTime created{};
    std::string started;  // the engine's own text: part of the endpoint's identity
    WallTime started_at{};
    Run run = Run::stopped;
    Health health = Health::none;
    int stop_signal = SIGTERM;
    std::vector<std::uint16_t> exposed;    // TCP ports of the container, ascending
    std::vector<PublishedPort> published;  // TCP
    std::vector<std::string> addresses;    // of its networks, by the networks' names
    bool is_host_network = false;

    bool operator==(const ContainerFacts&) const = default;
};

}  // namespace fairlead::discovery
