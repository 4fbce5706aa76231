#!/usr/bin/env python3
"""A Redis behind sentinels that fails over, and a Redis cluster, both under load.

No request fails, the API says 500 while nobody can take a write, and what others write is routed within
two seconds of there being somebody to write it to.
"""
import os
import subprocess
import time

from harness import Load, Process, free_port, get, main, need_program, request, wait_until

PROMISED = 2.0  # seconds to converge; docs/configuration.md


class Site:
    """Fairlead over a store, and load on the route that was written through the API."""

    def __init__(self, stage, store):
        self.origin = stage.origin("one")
        self.proxy = stage.fairlead(f"store: {{redis: {store}}}")
        wait_until(lambda: self.write("backends", "shop", self.origin.address) == 200)
        assert self.write("frontends", "shop.example", "shop") == 200
        wait_until(lambda: self.answers("shop.example"))
        self.load = stage.load(self.proxy.url("/"), rate=200, headers=["Host: shop.example"])
        self.serve_for_a_while()

    def write(self, *path):
        return request("POST", self.proxy.api("/" + "/".join(path)), timeout=20).status

    def answers(self, host):
        return get(self.proxy.url("/name"), host=host).text == "one"

    def serve_for_a_while(self, requests=100):
        before = self.proxy.metric("fairlead_requests_total")
        wait_until(lambda: self.proxy.metric("fairlead_requests_total") > before + requests)

    def expect_no_failure(self):
        self.serve_for_a_while()
        report = self.load.stop()
        print(f"  {report['requests']} requests, failed: {Load.failed(report) or 'none'}", flush=True)
        assert report["requests"] >= 100 and not Load.failed(report), report
        assert self.proxy.metric("fairlead_coroutine_failures_total") == 0


def soon(condition, since, what):
    """Within the promised time of `since`, with a little for a busy machine."""
    wait_until(condition, PROMISED + 0.5 - (time.monotonic() - since), what)
    print(f"  {what}: after {(time.monotonic() - since) * 1000:.0f} ms", flush=True)


class Sentinel(Process):
    """One that watches a master of the name `main`."""

    def __init__(self, stage, master, quorum):
        self.port = free_port()
        folder = os.path.join(stage.folder, f"sentinel-{self.port}")
        os.mkdir(folder)
        config = os.path.join(folder, "sentinel.conf")
        with open(config, "w") as file:
            file.write(f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
                       f"sentinel monitor main 127.0.0.1 {master.port} {quorum}\n"
                       "sentinel down-after-milliseconds main 500\n"
                       "sentinel failover-timeout main 3000\n")
        super().__init__(stage, "sentinel", [need_program("redis-server"), config, "--sentinel"])
        wait_until(lambda: self.ask("PING") == ["PONG"])

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True,
                              timeout=10, check=False).stdout.split()

    def names(self, redis):
        return self.ask("SENTINEL", "get-master-addr-by-name", "main") == ["127.0.0.1", str(redis.port)]

    def knows(self, name, value):
        words = self.ask("SENTINEL", "MASTER", "main")
        return name in words and words[words.index(name) + 1] == str(value)


def sentinel_group(stage):
    """A master, its replica, and three sentinels that know of all."""
    master, replica = stage.redis(), stage.redis()
    replica.cli("REPLICAOF", "127.0.0.1", master.port)
    sentinels = [stage.keep(Sentinel(stage, master, 2)) for _ in range(3)]
    wait_until(lambda: all(one.knows("num-slaves", 1) and one.knows("num-other-sentinels", 2)
                           for one in sentinels), 15, "the sentinels know each other")
    return master, replica, sentinels


def behind(sentinels):
    addresses = ", ".join(f'"127.0.0.1:{one.port}"' for one in sentinels)
    return f'{{url: "redis://main/0", sentinel: {{addresses: [{addresses}]}}}}'


def follows_failover(stage, fail):
    """`fail` takes the master out; everything goes on with the replica."""
    master, replica, sentinels = sentinel_group(stage)
    site = Site(stage, behind(sentinels))
    wait_until(lambda: replica.cli("GET", "frontend:shop.example") == "shop")
    fail(master)
    wait_until(lambda: any(one.names(replica) for one in sentinels), 20, "the sentinels decide")
    decided = time.monotonic()
    # Asked for over and over, as a script would that gets a 500.
    soon(lambda: site.write("frontends", "new.example", "shop") == 200, decided, "writes are taken again")
    soon(lambda: replica.cli("SET", "frontend:direct.example", "shop") == "OK"
         and site.answers("direct.example"), decided, "what others write is routed")
    wait_until(lambda: site.answers("new.example") and site.answers("shop.example"))
    assert replica.cli("GET", "frontend:new.example") == "shop"
    site.expect_no_failure()


def test_a_master_that_is_killed_is_followed_to_its_successor(stage):
    follows_failover(stage, lambda master: master.kill())


def test_a_master_that_hangs_is_left_for_its_successor(stage):
    def freeze(master):
        master.signal(19)  # SIGSTOP
        stage.at_end(lambda: master.signal(18))  # SIGCONT
    follows_failover(stage, freeze)


class Cluster:
    """Three masters with a third of the slots each, and a replica of the first."""

    def __init__(self, stage):
        self.nodes = []
        for _ in range(4):
            bus, folder = free_port(), os.path.join(stage.folder, f"node-{len(self.nodes)}")
            os.mkdir(folder)
            self.nodes.append(stage.redis(options=[
                "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1000",
                "--dir", folder, "--repl-diskless-sync-delay", "0"]))
            self.nodes[-1].bus = bus
        first = (0, 5461, 10923, 16384)
        for number, node in enumerate(self.nodes):
            if number < 3:
                node.cli("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                node.cli("CLUSTER", "ADDSLOTSRANGE", first[number], first[number + 1] - 1)
            node.cli("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].bus)
        self.wait_for("cluster_known_nodes:4")
        wait_until(lambda: self.nodes[3].cli("CLUSTER", "REPLICATE", self.id(0)) == "OK")
        self.wait_for("cluster_state:ok")
        wait_until(lambda: "master_link_status:up" in self.nodes[3].cli("INFO", "replication"))

    def wait_for(self, fact):
        wait_until(lambda: all(fact in node.cli("CLUSTER", "INFO") for node in self.nodes), 20, fact)

    def id(self, number):
        return self.nodes[number].cli("CLUSTER", "MYID")

    @property
    def store(self):
        return (f'{{url: "redis://127.0.0.1:{self.nodes[0].port}", '
                f'cluster: {{nodes: ["127.0.0.1:{self.nodes[1].port}"]}}}}')

    def write(self, *words):
        """To whoever has the slot, as redis-cli -c finds it; its answer."""
        return self.nodes[1].cli("-c", *words)

    def move_slot(self, key, source, target):
        slot = self.nodes[0].cli("CLUSTER", "KEYSLOT", key)
        self.nodes[target].cli("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id(source))
        self.nodes[source].cli("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id(target))
        moved = self.nodes[source].cli("MIGRATE", "127.0.0.1", self.nodes[target].port, key, 0, 5000)
        assert moved == "OK", moved
        yield "between"
        for node in (target, 0, 1, 2):
            self.nodes[node].cli("CLUSTER", "SETSLOT", slot, "NODE", self.id(target))
        yield "moved"


def hosts_of_first_node(cluster, count):
    hosts = (f"{number}.example" for number in range(10000))
    mine = (host for host in hosts
            if int(cluster.nodes[0].cli("CLUSTER", "KEYSLOT", f"frontend:{host}")) < 5461)
    return [next(mine) for _ in range(count)]


def test_routes_live_on_all_nodes_of_a_cluster_and_move_between_them(stage):
    cluster = Cluster(stage)
    site = Site(stage, cluster.store)
    hosts = [f"site{number}.example" for number in range(30)]
    body = {"frontends": [{"url": host, "backend_name": "shop"} for host in hosts]}
    assert request("POST", site.proxy.api("/batch"), body=body).status == 200
    assert all(int(node.cli("DBSIZE")) > 0 for node in cluster.nodes[:3])
    wait_until(lambda: all(site.answers(host) for host in hosts))
    since = time.monotonic()
    assert cluster.write("SET", "frontend:direct.example", "shop") == "OK"
    soon(lambda: site.answers("direct.example"), since, "what others write is routed")

    host = hosts_of_first_node(cluster, 1)[0]
    assert site.write("frontends", host, "other") == 200
    for step in cluster.move_slot(f"frontend:{host}", 0, 1):
        assert site.write("frontends", host, "shop") == 200, step
        wait_until(lambda: site.answers(host), 1, step)
        assert get(site.proxy.api(f"/frontends/{host}")).status == 200, step
    assert cluster.nodes[1].cli("GET", f"frontend:{host}") == "shop"
    assert request("DELETE", site.proxy.api(f"/frontends/{host}")).status == 200
    assert cluster.nodes[1].cli("EXISTS", f"frontend:{host}") == "0"
    site.expect_no_failure()


def test_a_node_of_a_cluster_that_dies_is_replaced_by_its_replica(stage):
    cluster = Cluster(stage)
    site = Site(stage, cluster.store)
    lost, fresh = hosts_of_first_node(cluster, 2)
    assert site.write("frontends", lost, "shop") == 200
    wait_until(lambda: int(cluster.nodes[3].cli("DBSIZE")) == int(cluster.nodes[0].cli("DBSIZE")))
    cluster.nodes[0].kill()
    wait_until(lambda: "master" in cluster.nodes[3].cli("ROLE"), 20, "the replica is elected")
    wait_until(lambda: "cluster_state:ok" in cluster.nodes[1].cli("CLUSTER", "INFO"), 20)
    since = time.monotonic()
    soon(lambda: site.write("frontends", fresh, "shop") == 200, since, "writes are taken again")
    soon(lambda: cluster.write("SET", "frontend:direct.example", "shop") == "OK"
         and site.answers("direct.example"), since, "what others write is routed")
    wait_until(lambda: site.answers(lost) and site.answers(fresh))
    site.expect_no_failure()


if __name__ == "__main__":
    main()
