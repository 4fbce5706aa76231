#include "proxy/upstream/resolver.hpp"

#include "tests/support/eventually.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

using namespace fairlead;
using fairlead::test::eventually;
using fairlead::upstream::Resolver;

namespace {

constexpr TimePoint::duration second = std::chrono::seconds(1);

model::IpBytes ip(const char* text) {
    return *model::read_ip(text);
}

/// A name service that says what it is told to, and can be held up.
class NameService {
public:
    Resolver::Lookup lookup() {
        return [this](const std::string& host) { return answer(host); };
    }
    void set(const std::string& host, std::vector<model::IpBytes> addresses) {
        const std::lock_guard lock(mutex_);
        known_[host].addresses = std::make_shared<const Resolver::Addresses>(std::move(addresses));
    }
    void fail(const std::string& host, bool is_final) {
        const std::lock_guard lock(mutex_);
        known_[host] = {nullptr, {ETIMEDOUT, boost::system::system_category()}, is_final};
    }
    void hold(bool held) {
        const std::lock_guard lock(mutex_);
        held_ = held;
        changed_.notify_all();
    }
    int asked() const { return asked_; }

private:
    Resolver::Answer answer(const std::string& host) {
        ++asked_;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !held_; });
        return known_[host];
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Resolver::Answer> known_;
    bool held_ = false;
    std::atomic<int> asked_{0};
};

/// What a callback brought.
class Reply {
public:
    Resolver::Callback callback() {
        return [this](const Resolver::Answer& answer) {
            const std::lock_guard lock(mutex_);
            answer_ = answer;
            ++calls_;
        };
    }
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    Resolver::Answer wait() {
        REQUIRE(eventually([this] { return calls() > 0; }));
        const std::lock_guard lock(mutex_);
        return answer_;
    }

private:
    std::mutex mutex_;
    Resolver::Answer answer_;
    int calls_ = 0;
};

Resolver::Answer ask(Resolver& resolver, const char* host, TimePoint now = Clock::now()) {
    Reply reply;
    resolver.resolve(host, now, reply.callback());
    return reply.wait();
}

}  // namespace

TEST_CASE("a name is asked for once, and then known at once", "[upstream][resolver]") {
    NameService names;
    names.set("app", {ip("10.0.0.1"), ip("2001:db8::1")});
    Resolver resolver(names.lookup(), {});
    CHECK(resolver.cached("app", Clock::now()) == nullptr);
    const auto answer = ask(resolver, "app");
    REQUIRE(answer.addresses);
    CHECK(*answer.addresses == Resolver::Addresses{ip("10.0.0.1"), ip("2001:db8::1")});
    CHECK(resolver.cached("app", Clock::now()) == answer.addresses);
    CHECK(ask(resolver, "app").addresses == answer.addresses);
    CHECK(names.asked() == 1);
}

TEST_CASE("an answer grown old serves on while it is asked for again", "[upstream][resolver]") {
    NameService names;
    names.set("app", {ip("10.0.0.1")});
    Resolver resolver(names.lookup(), {});
    ask(resolver, "app");
    names.set("app", {ip("10.0.0.2")});
    const auto later = Clock::now() + 6 * second;
    CHECK(resolver.cached("app", later)->front() == ip("10.0.0.1"));
    CHECK(eventually(
        [&] { return resolver.cached("app", Clock::now())->front() == ip("10.0.0.2"); }));
    CHECK(names.asked() == 2);
}

TEST_CASE("an answer survives a name service that fails, but not for ever",
          "[upstream][resolver]") {
    NameService names;
    names.set("app", {ip("10.0.0.1")});
    Resolver resolver(names.lookup(), {});
    ask(resolver, "app");
    names.fail("app", false);
    const auto later = Clock::now() + 6 * second;
    CHECK(resolver.cached("app", later) != nullptr);
    REQUIRE(eventually([&] { return names.asked() == 2; }));
    CHECK(resolver.cached("app", later) != nullptr);
    CHECK(resolver.cached("app", Clock::now() + std::chrono::minutes(11)) == nullptr);
    const auto failed = ask(resolver, "app", Clock::now() + std::chrono::minutes(11));
    CHECK(failed.addresses == nullptr);
    CHECK(failed.why.value() == ETIMEDOUT);
}

TEST_CASE("a name that is gone is believed to be gone", "[upstream][resolver]") {
    NameService names;
    names.set("app", {ip("10.0.0.1")});
    Resolver resolver(names.lookup(), {});
    ask(resolver, "app");
    names.fail("app", true);
    resolver.cached("app", Clock::now() + 6 * second);
    CHECK(eventually([&] { return resolver.cached("app", Clock::now()) == nullptr; }));
}

TEST_CASE("a failure is told again for a moment, then the name is asked for anew",
          "[upstream][resolver]") {
    NameService names;
    names.fail("app", true);
    Resolver resolver(names.lookup(), {});
    CHECK(ask(resolver, "app").addresses == nullptr);
    CHECK(ask(resolver, "app").addresses == nullptr);
    CHECK(names.asked() == 1);
    names.set("app", {ip("10.0.0.3")});
    CHECK(ask(resolver, "app", Clock::now() + 2 * second).addresses != nullptr);
    CHECK(names.asked() == 2);
}

TEST_CASE("questions for one name are joined, and too many names are refused",
          "[upstream][resolver]") {
    NameService names;
    names.set("a", {ip("10.0.0.1")});
    names.set("b", {ip("10.0.0.2")});
    names.hold(true);
    Resolver::Settings settings;
    settings.threads = 1;
    settings.most_waiting = 1;
    Resolver resolver(names.lookup(), settings);
    Reply first, second_of_a, of_b, of_c;
    resolver.resolve("a", Clock::now(), first.callback());
    REQUIRE(eventually([&] { return names.asked() == 1; }));
    resolver.resolve("a", Clock::now(), second_of_a.callback());
    resolver.resolve("b", Clock::now(), of_b.callback());
    resolver.resolve("c", Clock::now(), of_c.callback());
    CHECK(of_c.calls() == 1);
    CHECK(of_c.wait().why.value() == ENOBUFS);
    CHECK(first.calls() == 0);
    names.hold(false);
    CHECK(first.wait().addresses->front() == ip("10.0.0.1"));
    CHECK(second_of_a.wait().addresses->front() == ip("10.0.0.1"));
    CHECK(of_b.wait().addresses->front() == ip("10.0.0.2"));
    CHECK(names.asked() == 2);
    CHECK(first.calls() == 1);
}

TEST_CASE("a lookup that hangs does not hold up another name", "[upstream][resolver]") {
    NameService names;
    names.hold(true);
    const auto held = names.lookup();
    Resolver resolver(
        [&](const std::string& host) {
            if (host == "slow") return held(host);
            return Resolver::Answer{
                std::make_shared<const Resolver::Addresses>(1, ip("10.0.0.9")), {}, false};
        },
        {});
    Reply slow;
    resolver.resolve("slow", Clock::now(), slow.callback());
    CHECK(ask(resolver, "quick").addresses->front() == ip("10.0.0.9"));
    CHECK(slow.calls() == 0);
    names.hold(false);
    slow.wait();
}

TEST_CASE("a resolver ends at once though a lookup hangs", "[upstream][resolver]") {
    // The thread left behind may still be in it when the test is over.
    static NameService names;
    Reply reply;
    {
        names.hold(true);
        Resolver resolver(names.lookup(), {});
        resolver.resolve("app", Clock::now(), reply.callback());
        REQUIRE(eventually([&] { return names.asked() == 1; }));
    }
    names.hold(false);
    CHECK(reply.calls() == 0);
}

TEST_CASE("the machine's own name service knows localhost", "[upstream][resolver]") {
    Resolver resolver;
    const auto answer = ask(resolver, "localhost");
    REQUIRE(answer.addresses);
    const auto& first = answer.addresses->front();
    const bool is_loopback = first == ip("127.0.0.1") || first == ip("::1");
    CHECK(is_loopback);
    CHECK(resolver.cached("localhost", Clock::now()) != nullptr);
}
