// A source of services and routes: the file, Docker, the store.
//
// A source runs on the control thread for the life of the process. It begins with the whole of what
// it knows and then publishes what changes, as whole items. What it cannot use it lists among an
// item's rejected entries. While it cannot reach what it watches it publishes nothing (the last
// state stands) and says so in status().
//
// Threads: control.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/model/source_change.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace fairlead::discovery {

struct SourceStatus {
    bool connected = false;
    std::string detail;                      // the last problem, or what it is connected to
    std::optional<WallTime> last_published;  // none: nothing yet
    // While it is not connected: when what it published last was known to be true.
    std::optional<WallTime> as_of;
    // Entries that are gone where it looks, and still served: a loss that it does not believe yet.
    std::size_t held_back = 0;
};

class Source {
public:
    using Publish = std::function<void(model::SourceChange)>;

    virtual ~Source() = default;

    virtual model::SourceKind kind() const noexcept = 0;

    /// Runs until stop(); reconnects by itself, with back-off. Called once.
    virtual aio::task<> run(Publish publish) = 0;

    /// Makes run() return soon. May be called from within publish.
    virtual void stop() = 0;

    virtual SourceStatus status() const = 0;
};

}  // namespace fairlead::discovery
