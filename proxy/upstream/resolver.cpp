#include "proxy/upstream/resolver.hpp"

#include "proxy/base/log.hpp"
#include "proxy/net/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <unordered_map>
#include <utility>

namespace fairlead::upstream {
namespace {

// Boost's class has no virtual destructor: its objects are static and never deleted by pointer.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// What getaddrinfo says, in its own words.
class NameServiceCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "name service"; }
    std::string message(int value) const override { return ::gai_strerror(value); }
};
#pragma GCC diagnostic pop

boost::system::error_code error_of(int gai, int system) {
    static const NameServiceCategory category;
    if (gai == EAI_SYSTEM) return {system, boost::system::system_category()};
    return {gai, category};
}

void add_address(Resolver::Addresses& to, const addrinfo& from) {
    const auto ip = net::ip_of(net::SocketAddress(from.ai_addr, from.ai_addrlen));
    if (ip && std::find(to.begin(), to.end(), *ip) == to.end()) to.push_back(*ip);
}

Resolver::Answer ask_system(const std::string& host) {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    Resolver::Answer answer;
    const int gai = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (gai != 0) {
        answer.why = error_of(gai, errno);
        answer.is_final = gai == EAI_NONAME || gai == EAI_NODATA;
        return answer;
    }
    auto addresses = std::make_shared<Resolver::Addresses>();
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
        add_address(*addresses, *entry);
    ::freeaddrinfo(found);
    if (addresses->empty()) {
        answer.why = error_of(EAI_NODATA, 0);
        answer.is_final = true;
        return answer;
    }
    answer.addresses = std::move(addresses);
    return answer;
}

struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>()(text);
    }
};

struct Name {
    Resolver::AddressesPtr addresses;  // the last that were found
    boost::system::error_code why;     // of the last lookup; empty where it succeeded
    TimePoint found_at;                // when `addresses` were
    TimePoint looked_up_at;            // when the last lookup ended
    TimePoint used_at;
    bool was_looked_up = false;
    bool is_asked = false;  // queued, or under way
    std::vector<Resolver::Callback> waiting;
};

}  // namespace

struct Resolver::Table {
    using Names = std::unordered_map<std::string, Name, Hash, std::equal_to<>>;

    enum class Doing : std::uint8_t { waiting, lookup, callbacks, left };

    Table(Lookup with, Settings how)
        : lookup(std::move(with)), settings(how), threads(how.threads, Doing::waiting) {}

    /// Both under the mutex. False: too many wait.
    bool ask(Names::value_type& entry);
    AddressesPtr current(Names::value_type& entry, TimePoint now);
    std::vector<Callback> take_in(const std::string& host, const Answer& answer, TimePoint now);
    void forget_unused(TimePoint now);

    const Lookup lookup;
    const Settings settings;

    std::mutex mutex;  // over all that follows
    std::condition_variable changed;
    Names names;
    std::deque<std::string> queue;
    std::vector<Doing> threads;
    TimePoint tidied_at;
    bool is_over = false;
};

bool Resolver::Table::ask(Names::value_type& entry) {
    if (entry.second.is_asked) return true;
    if (queue.size() >= settings.most_waiting) return false;
    entry.second.is_asked = true;
    queue.push_back(entry.first);
    changed.notify_one();
    return true;
}

Resolver::AddressesPtr Resolver::Table::current(Names::value_type& entry, TimePoint now) {
    auto& name = entry.second;
    name.used_at = now;
    if (!name.addresses || now - name.found_at > settings.stale) return nullptr;
    // After a failed refresh the next one waits as long as after a failure.
    if (now - name.looked_up_at > (name.why ? settings.failed : settings.fresh)) ask(entry);
    return name.addresses;
}

std::vector<Resolver::Callback> Resolver::Table::take_in(const std::string& host,
                                                         const Answer& answer, TimePoint now) {
    auto& name = names.find(host)->second;
    name.is_asked = false;
    name.was_looked_up = true;
    name.looked_up_at = now;
    name.why = answer.why;
    if (answer.addresses) {
        name.addresses = answer.addresses;
        name.found_at = now;
    } else if (answer.is_final) {
        name.addresses.reset();
    }
    forget_unused(now);
    return std::exchange(name.waiting, {});
}

void Resolver::Table::forget_unused(TimePoint now) {
    if (now - tidied_at < settings.forget / 8) return;
    tidied_at = now;
    std::erase_if(names, [&](const auto& entry) {
        return !entry.second.is_asked && now - entry.second.used_at > settings.forget;
    });
}

Resolver::Resolver(Lookup lookup, Settings settings)
    : table_(std::make_shared<Table>(std::move(lookup), settings)) {}

void Resolver::start_threads() {
    if (table_->queue.empty() || !threads_.empty()) return;
    for (std::size_t i = 0; i < table_->settings.threads; ++i)
        threads_.emplace_back(&Resolver::serve, table_, i);
}

Resolver::~Resolver() {
    using Doing = Table::Doing;
    std::unique_lock lock(table_->mutex);
    table_->is_over = true;
    table_->changed.notify_all();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        const auto& doing = table_->threads[i];
        table_->changed.wait(lock,
                             [&doing] { return doing == Doing::left || doing == Doing::lookup; });
        if (doing == Doing::lookup) {
            threads_[i].detach();
        } else {
            threads_[i].join();
        }
    }
}

Resolver::AddressesPtr Resolver::cached(std::string_view host, TimePoint now) {
    const std::lock_guard lock(table_->mutex);
    const auto at = table_->names.find(host);
    if (at == table_->names.end()) return nullptr;
    auto addresses = table_->current(*at, now);
    start_threads();
    return addresses;
}

void Resolver::resolve(std::string_view host, TimePoint now, Callback callback) {
    Answer answer;
    {
        const std::lock_guard lock(table_->mutex);
        auto at = table_->names.find(host);
        if (at == table_->names.end()) at = table_->names.emplace(host, Name()).first;
        auto& name = at->second;
        answer.addresses = table_->current(*at, now);
        if (!answer.addresses) {
            const bool failed_just_now = name.was_looked_up && name.why && !name.is_asked &&
                                         now - name.looked_up_at <= table_->settings.failed;
            if (failed_just_now) {
                answer.why = name.why;
            } else if (table_->ask(*at)) {
                name.waiting.push_back(std::move(callback));
                start_threads();
                return;
            } else {
                answer.why = {ENOBUFS, boost::system::system_category()};
            }
        }
        start_threads();
    }
    callback(answer);
}

void Resolver::serve(const std::shared_ptr<Table>& table, std::size_t index) {
    using Doing = Table::Doing;
    auto& doing = table->threads[index];
    std::unique_lock lock(table->mutex);
    for (;;) {
        table->changed.wait(lock, [&] { return table->is_over || !table->queue.empty(); });
        if (table->is_over) break;
        const std::string host = std::move(table->queue.front());
        table->queue.pop_front();
        doing = Doing::lookup;
        lock.unlock();
        const Answer answer = table->lookup(host);
        lock.lock();
        if (table->is_over) break;
        auto callbacks = table->take_in(host, answer, Clock::now());
        doing = Doing::callbacks;
        lock.unlock();
        if (!answer.addresses)
            log::warn("resolve.failed", log::kv("host", host),
                      log::kv("error", answer.why.message()));
        for (const auto& callback : callbacks) callback(answer);
        callbacks.clear();
        lock.lock();
        doing = Doing::waiting;
    }
    doing = Doing::left;
    // Under the lock: whoever waits for this thread to leave sees it leave for good.
    table->changed.notify_all();
}

Resolver::Lookup Resolver::system_lookup() {
    return &ask_system;
}

}  // namespace fairlead::upstream
