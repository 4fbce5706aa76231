// A real cluster of redis-servers on loopback.
#include "control/redis/redis_slot.hpp"
#include "control/redis/redis_subscription.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/tls_client.hpp"
#include "tests/unit/control/redis/deployed.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace fairlead;
using control::RedisCommands;
using control::RedisMessage;
using control::slot_of_key;
using test::Deployed;
using test::RedisServer;
using test::run_task;
using test::TestCertificate;

namespace {

/// Three masters with a third of the slots each, and replicas of the first where asked for.
class Cluster {
public:
    /// `certificate`: all speak TLS with it, to each other, too.
    explicit Cluster(std::size_t replicas = 0, const TestCertificate* certificate = nullptr)
        : certificate_(certificate) {
        for (std::size_t i = 0; i < 3 + replicas; ++i) add_node();
        for (std::size_t i = 0; i < 3; ++i) {
            nodes[i]->command("CLUSTER SET-CONFIG-EPOCH " + std::to_string(i + 1));
            nodes[i]->command("CLUSTER ADDSLOTSRANGE " + std::to_string(first_slot[i]) + " " +
                              std::to_string(first_slot[i + 1] - 1));
        }
        for (std::size_t i = 1; i < nodes.size(); ++i) {
            nodes[i]->command("CLUSTER MEET 127.0.0.1 " + std::to_string(ports_[0]) + " " +
                              std::to_string(bus_ports_[0]));
        }
        REQUIRE(eventually_all("cluster_known_nodes:" + std::to_string(nodes.size())));
        for (std::size_t i = 3; i < nodes.size(); ++i) follow_first(i);
        REQUIRE(eventually_all("cluster_state:ok"));
    }

    control::RedisTarget target(Duration timeout = 5s) const {
        model::RedisSettings settings;
        settings.url = certificate_ != nullptr ? "rediss" : "redis";
        settings.url += "://fairlead:pw@127.0.0.1:" + std::to_string(ports_[0]);
        if (certificate_ != nullptr) settings.tls.emplace().ca = certificate_->cert_file();
        settings.timeout = std::chrono::duration_cast<model::Milliseconds>(timeout);
        settings.cluster.emplace().nodes.push_back(model::Address::tcp("127.0.0.1", ports_[1]));
        const auto target = control::redis_target(settings);
        REQUIRE(target.has_value());
        return *target;
    }

    std::string id(std::size_t node) const {
        const auto reply = nodes[node]->command("CLUSTER MYID");
        return reply.substr(reply.find("\r\n") + 2, 40);
    }

    /// Tells all masters that the slot is that one's.
    void give_slot(std::uint16_t slot, std::size_t to) {
        const auto owner = id(to);
        for (const std::size_t node : {to, std::size_t{0}, std::size_t{1}, std::size_t{2}})
            nodes[node]->command("CLUSTER SETSLOT " + std::to_string(slot) + " NODE " + owner);
    }

    std::vector<std::unique_ptr<RedisServer>> nodes;

private:
    static constexpr std::size_t first_slot[] = {0, 5461, 10923, 16384};

    void add_node() {
        folders_.push_back(std::make_unique<test::TempFolder>());
        bus_ports_.push_back(test::free_port());
        std::vector<std::string> options = {"--cluster-enabled",
                                            "yes",
                                            "--cluster-port",
                                            std::to_string(bus_ports_.back()),
                                            "--cluster-node-timeout",
                                            "1000",
                                            "--repl-diskless-sync-delay",
                                            "0",
                                            "--notify-keyspace-events",
                                            "KA"};
        const auto tls_port = test::free_port();
        if (certificate_ != nullptr) {
            for (const auto& word :
                 {std::string("--port"), std::string("0"), std::string("--tls-port"),
                  std::to_string(tls_port), std::string("--tls-cluster"), std::string("yes"),
                  std::string("--tls-auth-clients"), std::string("no"),
                  std::string("--tls-cert-file"), certificate_->cert_file(),
                  std::string("--tls-key-file"), certificate_->key_file(),
                  std::string("--tls-ca-cert-file"), certificate_->cert_file()})
                options.push_back(word);
        }
        nodes.push_back(std::make_unique<RedisServer>(folders_.back()->path(), options));
        ports_.push_back(certificate_ != nullptr ? tls_port : nodes.back()->port());
        REQUIRE(nodes.back()->start());
        nodes.back()->command("ACL SETUSER fairlead on >pw ~* &* +@all");
    }

    void follow_first(std::size_t node) {
        REQUIRE(test::eventually(std::chrono::seconds(10), [&] {
            return nodes[node]->command("CLUSTER REPLICATE " + id(0)).starts_with("+OK");
        }));
        REQUIRE(test::eventually(std::chrono::seconds(10), [&] {
            return nodes[node]->command("INFO replication").find("master_link_status:up") !=
                   std::string::npos;
        }));
    }

    bool eventually_all(const std::string& fact) {
        return test::eventually(std::chrono::seconds(20), [&] {
            return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) {
                return node->command("CLUSTER INFO").find(fact + "\r\n") != std::string::npos;
            });
        });
    }

    std::vector<std::unique_ptr<test::TempFolder>> folders_;
    std::vector<std::uint16_t> ports_;
    std::vector<std::uint16_t> bus_ports_;
    const TestCertificate* certificate_;
};

/// frontend:0.test ... : enough for every node to have some.
std::vector<std::string> many_keys() {
    std::vector<std::string> keys;
    for (int i = 0; i < 100; ++i) keys.push_back("frontend:" + std::to_string(i) + ".test");
    return keys;
}

/// A key that the first node of a fresh cluster has.
std::string key_of_first() {
    const auto keys = many_keys();
    return *std::find_if(keys.begin(), keys.end(),
                         [](const auto& key) { return slot_of_key(key) < 5461; });
}

}  // namespace

TEST_CASE("keys are spread over a cluster's nodes, and found there", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    const Cluster cluster;
    Deployed redis(cluster.target());
    const auto keys = many_keys();
    RedisCommands writes;
    RedisCommands reads;
    for (const auto& key : keys) {
        writes.push_back({"SET", key, "of " + key});
        reads.push_back({"GET", key});
    }
    const auto written = run_task(redis.io, redis.redis->run_atomically(writes));
    REQUIRE(written.has_value());
    REQUIRE(written->size() == keys.size());
    const auto read = run_task(redis.io, redis.redis->run(reads));
    REQUIRE(read.has_value());
    for (std::size_t i = 0; i < keys.size(); ++i) CHECK((*read)[i].text == "of " + keys[i]);

    // Each on exactly one of the masters, and some on each.
    const auto masters = run_task(redis.io, redis.redis->masters());
    REQUIRE(masters.has_value());
    REQUIRE(masters->size() == 3);
    std::multiset<std::string> found;
    for (const auto& master : *masters) {
        const auto scanned = run_task(
            redis.io, redis.redis->run_on(master, test::one({"SCAN", "0", "COUNT", "1000"})));
        REQUIRE(scanned.has_value());
        const auto& listed = scanned->at(0).items.at(1).items;
        CHECK(listed.size() > 10);
        for (const auto& key : listed) found.insert(key.text);
    }
    CHECK(found == std::multiset<std::string>(keys.begin(), keys.end()));

    const auto refused =
        run_task(redis.io, redis.redis->run_atomically(test::one({"HSET", keys[0], "f", "v"})));
    REQUIRE(!refused);
    CHECK(refused.error().text() ==
          "WRONGTYPE Operation against a key holding the wrong kind of value");
    // In the order given: what is before it goes, what is after it stays.
    RedisCommands flush;
    flush.push_back({"SET", "frontend:a.test", "v"});
    flush.push_back({"FLUSHDB"});
    flush.push_back({"SET", "frontend:b.test", "v"});
    REQUIRE(run_task(redis.io, redis.redis->run_atomically(flush)).has_value());
    CHECK(redis.ask({"GET", "frontend:a.test"}).empty());
    CHECK(redis.ask({"GET", "frontend:b.test"}) == "v");
    for (const auto& key : keys) CHECK(redis.ask({"EXISTS", key}).empty());
}

TEST_CASE("a slot that moves is followed: ASK while it does, MOVED when it has", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    Cluster cluster;
    Deployed redis(cluster.target());
    const auto key = key_of_first();
    const auto slot = slot_of_key(key);
    const auto slot_text = std::to_string(slot);
    REQUIRE(redis.ask({"SET", key, "1"}) == "OK");
    const auto generation = redis.redis->generation();

    cluster.nodes[1]->command("CLUSTER SETSLOT " + slot_text + " IMPORTING " + cluster.id(0));
    cluster.nodes[0]->command("CLUSTER SETSLOT " + slot_text + " MIGRATING " + cluster.id(1));
    CHECK(redis.ask({"GET", key}) == "1");  // still there
    REQUIRE(cluster.nodes[0]->command("MIGRATE 127.0.0.1 " +
                                      std::to_string(cluster.nodes[1]->port()) + " " + key +
                                      " 0 5000") == "+OK\r\n");
    CHECK(cluster.nodes[0]->command("GET " + key).starts_with("-ASK "));
    CHECK(redis.ask({"GET", key}) == "1");
    RedisCommands changes;
    changes.push_back({"SET", key, "2"});
    changes.push_back({"SET", "{" + key + "}", "other"});
    changes.pop_back();
    REQUIRE(run_task(redis.io, redis.redis->run_atomically(changes)).has_value());
    CHECK(redis.ask({"GET", key}) == "2");

    cluster.give_slot(slot, 1);
    CHECK(cluster.nodes[0]->command("GET " + key).starts_with("-MOVED "));
    CHECK(redis.ask({"GET", key}) == "2");
    REQUIRE(
        run_task(redis.io, redis.redis->run_atomically(test::one({"SET", key, "3"}))).has_value());
    CHECK(redis.ask({"GET", key}) == "3");
    // Known without being referred, too.
    CHECK(test::eventually(redis.io, 2500ms,
                           [&] { return redis.redis->generation() != generation; }));
}

TEST_CASE("a cluster speaks TLS, each of its nodes by its own name", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate;
    const Cluster cluster(0, &certificate);
    Deployed redis(cluster.target());
    for (const auto& key : many_keys()) CHECK(redis.ask({"SET", key, "web"}) == "OK");
    for (const auto& node : cluster.nodes) CHECK(node->command("DBSIZE") != ":0\r\n");
}

TEST_CASE("every master of a cluster is heard", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    const Cluster cluster;
    Deployed redis(cluster.target());
    control::RedisSubscription subscription(redis.io, *redis.redis, {"__keyspace@0__:frontend:*"},
                                            5s);
    REQUIRE(run_task(redis.io, subscription.next())->kind == RedisMessage::Kind::subscribed);
    std::set<std::string> expected;
    for (const auto& key : many_keys()) {
        REQUIRE(redis.ask({"SET", key, "web"}) == "OK");
        expected.insert("__keyspace@0__:" + key);
    }
    std::set<std::string> channels;
    std::set<std::string> masters;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto heard = run_task(redis.io, subscription.next());
        REQUIRE(heard.has_value());
        channels.insert(heard->channel);
        masters.insert(heard->master);
    }
    CHECK(channels == expected);
    CHECK(masters.size() == 3);
    subscription.stop();
}

TEST_CASE("a cluster's node that dies is replaced by its replica", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    Cluster cluster(1);
    Deployed redis(cluster.target());
    const auto key = key_of_first();
    REQUIRE(redis.ask({"SET", key, "1"}) == "OK");
    REQUIRE(test::eventually(std::chrono::seconds(5),
                             [&] { return cluster.nodes[3]->command("DBSIZE") == ":1\r\n"; }));
    const auto generation = redis.redis->generation();
    cluster.nodes[0]->kill();
    CHECK(redis.ask({"GET", key}) != "1");
    REQUIRE(test::eventually(std::chrono::seconds(15), [&] {
        return cluster.nodes[3]->command("ROLE").find("master") != std::string::npos;
    }));
    CHECK(test::eventually(redis.io, 2s, [&] { return redis.ask({"SET", key, "2"}) == "OK"; }));
    CHECK(redis.ask({"GET", key}) == "2");
    CHECK(redis.redis->generation() != generation);
}
