// Where routes written through the API live: an embedded file or Redis, in Redx's terms.
//
// frontend: a route key ("host" or "host/seg/") naming a backend. backend: a named pool of servers
// with scores, and config entries. Implementations: embedded/embedded_store, redis_store.
//
// Threads: control.
#pragma once

#include "discovery/source.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::control {

struct Backend {
    std::vector<std::pair<std::string, std::string>>
        servers;  // address -> score, in order of insertion
    std::map<std::string, std::string> config;

    bool empty() const noexcept { return servers.empty() && config.empty(); }
    bool operator==(const Backend&) const = default;
};

struct StoreContents {
    std::map<std::string, std::string> frontends;  // url -> backend name
    std::map<std::string, Backend> backends;

    bool operator==(const StoreContents&) const = default;
};

/// One write; a list of them is applied as one: all or none.
struct StoreChange {
    enum class Kind {
        set_frontend,     // name = url, value = backend name
        delete_frontend,  // name = url
        set_server,     // name = backend, key = address, value = score: added, or its score changed
        delete_server,  // name = backend, key = address
        set_config,     // name = backend, key, value
        delete_config,  // name = backend, key
        delete_backend,  // name = backend
        flush,           // everything
    };
    Kind kind;
    std::string name;
    std::string key;
    std::string value;
};

/// One entry of a store.
struct StoreEntry {
    enum class Kind { frontend, backend };
    Kind kind;
    std::string name;
};

/// Why a store could not do it: the message Redx's API answers with, status 500.
using StoreFailure = Problem;

struct StoreImage;  // control/store/store_image.hpp: the contents, and the keys that are none

class Store {
public:
    virtual ~Store() = default;

    /// Durable (embedded) or accepted by Redis (every reply checked) when it returns success, and
    /// then seen by the source at once.
    /// `who`: for the audit, "api 127.0.0.1:51234".
    virtual aio::task<Checked<>> apply(std::vector<StoreChange> changes, std::string who) = 0;

    /// What is shown is there during the call, and not copied where it is in memory.
    using Look = std::function<void(const StoreImage&)>;

    /// Shows the whole, as it is where it lives. `look` is called once, and not where it failed.
    virtual aio::task<Checked<>> read(Look look) = 0;

    /// The same for that entry, as cheap as the store can: others may be missing in what is shown.
    virtual aio::task<Checked<>> read_one(StoreEntry entry, Look look) = 0;

    /// GET /health: writes, reads and deletes a probe.
    virtual aio::task<Checked<>> probe() = 0;

    /// Lets a sudden loss of routes take effect that is held back. The number of keys that go; 0
    /// always where nobody else can write.
    virtual std::size_t accept_loss(const std::string&) { return 0; }

    /// The same contents as a source of routes and services; owned by the store.
    virtual discovery::Source& source() noexcept = 0;
};

}  // namespace fairlead::control
