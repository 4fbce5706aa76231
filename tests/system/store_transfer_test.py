#!/usr/bin/env python3
"""fairlead store export and import: between the embedded store, Redis, a running Fairlead and files."""
import json
import os
import subprocess

from harness import binary, get, main, request, wait_until
from redis_deployments_test import Cluster

BATCH = {
    "frontends": [{"url": "shop.example", "backend_name": "shop"}, {"url": "shop.example/a=b&c/", "backend_name": "x:y"}],
    "backends": [{"name": "shop", "servers": [["10.0.0.1:80", "007"], ["10.0.0.2:80", "1.50"], ["10.0.0.3:80", "abc"]],
                  "config": {"limit": "5", "text": "äöü \"quoted\" \\ \n"}},
                 {"name": "x:y", "config": {"only": "config"}}]}
SUMMARY = "2 frontends, 2 backends with 3 servers and 3 config values: "


def store(*words, status=0, stdin=None, env=None, folder=None):
    done = subprocess.run([binary("fairlead"), "store", *words], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False, cwd=folder, env={**os.environ, **(env or {})})
    assert done.returncode == status, done
    return done


def write_batch(stage, content=None):
    path = os.path.join(stage.folder, "batch.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content or BATCH, file)
    return path


def content_of(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def test_what_is_imported_and_exported_again_is_the_same_through_every_place(stage):
    redis = stage.redis()
    folder, other = stage.folder + "/state/", stage.folder + "/other/"
    batch = write_batch(stage)
    back = stage.folder + "/back.json"
    done = store("import", "--from", batch, "--store", folder)
    assert done.stdout == f"{SUMMARY}{batch} -> {folder}\n", done
    store("export", "--store", folder, "--to", redis.url)
    assert redis.cli("HGET", "backend:shop", "10.0.0.2:80") == "1.50"
    assert redis.cli("DBSIZE") == "4"
    store("export", "--store", redis.url, "--to", other)
    proxy = stage.fairlead()
    store("export", "--store", other, "--to", proxy.api())
    store("export", "--store", proxy.api(), "--to", back)
    written = content_of(back)
    assert written["frontends"] == BATCH["frontends"]
    assert written["backends"] == [BATCH["backends"][0], {"name": "x:y", "servers": [], "config": {"only": "config"}}]
    piped = store("export", "--store", folder, "--to", "-")
    assert json.loads(piped.stdout) == written
    assert SUMMARY in piped.stderr
    store("import", "--from", "-", "--store", folder, stdin=piped.stdout)


def test_what_is_there_stays_unless_it_is_to_be_replaced(stage):
    redis, proxy = stage.redis(), stage.fairlead()
    batch = write_batch(stage)
    for place, has in ((redis.url, lambda: redis.cli("EXISTS", "frontend:mine.example", "backend:mine") == "2"),
                       (proxy.api(), lambda: get(proxy.api("/frontends/mine.example")).status == 200)):
        mine = {"frontends": [{"url": "mine.example", "backend_name": "mine"}],
                "backends": [{"name": "mine", "servers": ["a:1"]}, {"name": "shop", "servers": ["10.9.9.9:80"]}]}
        store("import", "--from", "-", "--store", place, stdin=json.dumps(mine))
        store("import", "--from", batch, "--store", place)
        assert has()
        assert "10.9.9.9:80" in store("export", "--store", place, "--to", "-").stdout
        store("import", "--from", batch, "--store", place, "--replace")
        assert not has()
        assert "10.9.9.9:80" not in store("export", "--store", place, "--to", "-").stdout
    redis.cli("SET", "other:key", "not ours")
    store("import", "--from", batch, "--store", redis.url, "--replace")
    assert redis.cli("GET", "other:key") == "not ours"


def test_the_store_of_the_configuration_is_meant_where_none_is_named(stage):
    redis = stage.redis()
    config = os.path.join(stage.folder, "fairlead.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"store: {{redis: '{redis.url}'}}\n")
    store("import", "-c", config, "--from", write_batch(stage))
    assert redis.cli("GET", "frontend:shop.example") == "shop"
    # Without a file: the embedded defaults.
    store("import", "--from", write_batch(stage), folder=stage.folder)
    assert os.path.exists(stage.folder + "/fairlead-state/store.jsonl")


def test_a_redis_cluster_is_a_place_by_its_configuration_and_a_named_url_is_that_one_alone(stage):
    cluster, alone = Cluster(stage), stage.redis()
    config = os.path.join(stage.folder, "fairlead.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"store: {{redis: {cluster.store}}}\n")
    done = store("import", "-c", config, "--from", write_batch(stage))
    assert done.stdout.endswith("-> the redis cluster\n"), done
    assert cluster.write("GET", "frontend:shop.example") == "shop"
    store("export", "-c", config, "--to", alone.url)
    assert alone.cli("DBSIZE") == "4"


def test_a_store_in_use_is_refused_and_its_api_is_named(stage):
    proxy = stage.fairlead()
    done = store("export", "--store", proxy.state, "--to", "-", status=1)
    assert "is in use by another process; of a running Fairlead name the API" in done.stderr, done
    assert json.loads(store("export", "--store", proxy.api(), "--to", "-").stdout) == {"frontends": [], "backends": []}


def test_an_api_with_a_token_takes_it_from_the_environment(stage):
    proxy = stage.fairlead("api: {bind: '127.0.0.1:0', token: open-sesame}")
    base = proxy.wait_for_output(r"API (http://127.0.0.1:\d+)").group(1)
    refused = store("export", "--store", base, "--to", "-", status=1)
    assert "401" in refused.stderr and "FAIRLEAD_API_TOKEN" in refused.stderr, refused
    store("import", "--store", base, "--from", write_batch(stage), env={"FAIRLEAD_API_TOKEN": "open-sesame"})


def test_what_is_no_frontend_or_backend_is_left_out_by_name(stage):
    redis = stage.redis()
    redis.cli("RPUSH", "frontend:list.example", "id", "http://10.0.0.1:80")
    redis.cli("SET", "backend:text", "no hash")
    redis.cli("SET", "frontend:shop.example", "shop")
    done = store("export", "--store", redis.url, "--to", stage.folder + "/out.json")
    assert done.stdout.startswith("1 frontend, 0 backends with 0 servers and 0 config values: "), done
    assert "left out: frontend:list.example: " in done.stderr and "left out: backend:text: " in done.stderr, done
    assert content_of(stage.folder + "/out.json")["frontends"] == [{"url": "shop.example", "backend_name": "shop"}]


def test_what_cannot_be_done_says_why_and_changes_nothing(stage):
    redis = stage.redis()
    for words, why in (
            (("import", "--from", "/nowhere.json", "--store", redis.url), "cannot read /nowhere.json"),
            (("import", "--from", "-", "--store", redis.url), "Missing json body"),
            (("export", "--store", redis.url, "--to", "/proc/nowhere.json"), "cannot write /proc/nowhere.json"),
            (("export", "--store", "redis://:secret@127.0.0.1:1/0", "--to", "-"), "Error connecting to redis")):
        done = store(*words, status=1, stdin="")
        assert why in done.stderr and "secret" not in done.stderr + done.stdout, done
    redis.cli("CONFIG", "SET", "maxmemory", "1")
    done = store("import", "--from", write_batch(stage), "--store", redis.url, status=1)
    assert "OOM" in done.stderr, done
    redis.cli("CONFIG", "SET", "maxmemory", "0")
    assert redis.cli("DBSIZE") == "0"
    assert store("export", status=2).stderr


def test_10000_routes_go_to_redis_and_back(stage):
    redis = stage.redis()
    count = 10000
    batch = {"frontends": [{"url": f"h{n}.example", "backend_name": f"b{n}"} for n in range(count)],
             "backends": [{"name": f"b{n}", "servers": [f"10.0.{n // 250}.{n % 250 + 1}:80"]} for n in range(count)]}
    done = store("import", "--from", write_batch(stage, batch), "--store", redis.url)
    assert done.stdout.startswith("10000 frontends, 10000 backends with 10000 servers and 0 config values: "), done
    assert redis.cli("DBSIZE") == str(2 * count)
    folder = stage.folder + "/state/"
    store("export", "--store", redis.url, "--to", folder)
    proxy = stage.fairlead(f'store: {{embedded: "{folder}"}}')
    wait_until(lambda: len(get(proxy.api("/frontends"), timeout=30).json()["data"]) == count)
    assert request("DELETE", proxy.api("/flush")).status == 200


if __name__ == "__main__":
    main()
