// Host names to addresses, off the workers: one object for the process, asked by all of them.
//
// getaddrinfo runs on a few threads of its own, so /etc/hosts, nsswitch.conf and resolv.conf mean
// what they mean to everybody else on the machine. It tells no TTL: an answer is fresh for a few
// seconds. Then it is asked for again in the background, at the next use, while the old one serves
// on, as it does for a while when the name service fails. A name that is said not to exist is
// believed at once. Questions for one name are joined.
//
// Threads: any. The lock is held for a look-up in a table, never during a lookup of a name.
// Cost: nothing before the first name is asked for: then the threads start. cached(): a lock that
// is nearly always free and a hash; asked per connection, never per request. A name costs some
// hundred bytes, until an hour after its last use.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fairlead::upstream {

class Resolver {
public:
    /// In the order in which they should be tried; IPv4 in its mapped form. Link-local IPv6
    /// addresses lose their zone: write those as numbers.
    using Addresses = std::vector<model::IpBytes>;
    using AddressesPtr = std::shared_ptr<const Addresses>;

    struct Answer {
        AddressesPtr addresses;  // null: failed; else at least one
        boost::system::error_code why;
        bool is_final = false;  // failed, and the name service says that there is no such name
    };

    using Callback = std::function<void(const Answer&)>;
    /// Asks the name service; may block. Replaced by tests.
    using Lookup = std::function<Answer(const std::string& host)>;

    struct Settings {
        Duration fresh = 5s;             // an answer is not asked for again
        Duration failed = 1s;            // a failure is not either
        Duration stale = 10min;          // how old an answer may get when the name service fails
        Duration forget = 1h;            // unused names leave the table
        std::size_t threads = 2;         // so that one name that hangs does not hold up the others
        std::size_t most_waiting = 512;  // names asked for at a time
    };

    explicit Resolver(Lookup lookup, Settings settings);
    Resolver() : Resolver(system_lookup(), Settings()) {}
    /// No callback runs any more once this returns; those still waiting are dropped uncalled. A
    /// thread that getaddrinfo holds (for up to resolv.conf's timeout times attempts) is left
    /// behind: it touches nothing of this object's afterwards.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// What is known of `host` now, asking again in the background if it is not fresh. Null: ask
    /// with resolve().
    AddressesPtr cached(std::string_view host, TimePoint now);

    /// Calls back once: on the calling thread, before this returns, where the answer is known, a
    /// recent failure is, or too many names wait (no_buffer_space); else on a resolver thread, soon
    /// after the answer. The callback must not block or throw; it posts to its worker.
    void resolve(std::string_view host, TimePoint now, Callback callback);

    /// getaddrinfo, for stream sockets, only families the machine has addresses of.
    static Lookup system_lookup();

private:
    struct Table;

    void start_threads();
    static void serve(const std::shared_ptr<Table>& table, std::size_t index);

    std::shared_ptr<Table> table_;  // shared with threads that may outlive this object
    std::vector<std::thread> threads_;
};

}  // namespace fairlead::upstream
