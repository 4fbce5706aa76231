// What a container engine says in JSON, as our own values. The only file of discovery that knows
// Boost.JSON; nothing in it throws, whatever the text is.
//
// Threads: any (pure).
#pragma once

#include "discovery/docker_event.hpp"
#include "proxy/base/checked.hpp"

#include <string_view>
#include <vector>

namespace fairlead::discovery {

struct ListedContainer {
    std::string id;
    Labels labels;
};

/// GET /containers/json
Checked<std::vector<ListedContainer>> parse_container_list(std::string_view text);

/// GET /containers/ID/json
Checked<ContainerFacts> parse_container(std::string_view text);

/// One line of GET /events
Checked<DockerEvent> parse_event(std::string_view text);

/// The "message" of an error answer; the text's beginning where there is none.
std::string error_message(std::string_view text);

/// "2026-11-21T03:31:08.932490991Z", or with an offset like +01:00.
Checked<WallTime> parse_time(std::string_view text);

}  // namespace fairlead::discovery
