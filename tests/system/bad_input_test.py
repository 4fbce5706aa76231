#!/usr/bin/env python3
"""Bad input: a wrong file at start and while it runs, a port that is taken, `fairlead check`.

Each is refused with its place and reason, and what was in effect goes on.
"""
import os
import re
import signal
import socket
import subprocess

from harness import Load, binary, free_port, get, main, wait_until

# One problem a line, as LINE:COLUMN and a part of what must be said of it.
BAD = """\
listeners:
  - bind: 127.0.0.1:0
    keep_alive: 5
  - bind: nowhere
services:
  web:
    polcy: p2c
    endpoints: ["127.0.0.1:99999"]
    retries: {attempts: 11}
  app: {policy: guess}
routes:
  - {host: "a b", service: web}
  - {host: a.org, path: nosuch, service: web}
  - {path: /, service: web}
shutdown: {timeout: soon}
workers: 0
nosuch: 1
"""
PROBLEMS = {"3:17": "listeners[0].keep_alive", "4:11": "listeners[1].bind", "7:5": "did you mean 'policy'",
            "8:17": "99999", "9:25": "1 to 10", "10:17": "'guess' is not a policy", "12:12": "host",
            "13:25": "path", "14:5": "host", "15:21": "shutdown.timeout", "16:10": "workers",
            "17:1": "nosuch: unknown key"}


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def run(*words, seconds=15, cwd=None):
    return subprocess.run([binary("fairlead"), *words], capture_output=True, text=True, timeout=seconds,
                          check=False, cwd=cwd)


def config_of(origin):
    return f'services: {{web: {{endpoints: ["{origin.address}"]}}}}\nroutes: [{{host: "*", service: web}}]\n'


def file_source(proxy):
    sources = get(proxy.admin("/healthz")).json()["sources"]
    return next(source for source in sources if source["source"] == "file")


def expect_every_problem(result, path):
    assert result.returncode == 2, result
    assert not result.stdout, result
    lines = result.stderr.splitlines()
    for place, text in PROBLEMS.items():
        said = [line for line in lines if line.startswith(f"{path}:{place}: ")]
        assert said and text in said[0], f"{place} {text}:\n{result.stderr}"
    assert len(lines) == len(PROBLEMS), result.stderr


def test_a_bad_file_at_start_ends_with_status_2_and_every_problem_in_its_place(stage):
    path = write(f"{stage.folder}/bad.yaml", BAD)
    result = run("run", "-c", path)
    print("  " + result.stderr.strip().replace("\n", "\n  "))
    expect_every_problem(result, path)


def test_check_says_the_same_as_run(stage):
    path = write(f"{stage.folder}/bad.yaml", BAD)
    expect_every_problem(run("check", "-c", path), path)
    assert run("check", "-c", path).stderr == run("run", "-c", path).stderr


def test_check_of_a_good_file_says_what_is_in_it(stage):
    path = write(f"{stage.folder}/good.yaml",
                 'services: {web: {endpoints: ["127.0.0.1:1"]}}\nroutes: [{host: "*", service: web}]\n')
    result = run("check", "-c", path)
    assert (result.returncode, result.stderr) == (0, ""), result
    assert result.stdout == f"{path}: ok: 1 listeners, 1 services, 1 routes\n", result.stdout


def test_check_finds_what_would_keep_run_from_starting(stage):
    path = write(f"{stage.folder}/bad.yaml",
                 'listeners:\n- {bind: "localhost:8080"}\n- {bind: "0.0.0.0:8082", '
                 'tls: {certificates: [{cert: /none.pem, key: /none.pem}]}}\nhealth: {bind: "127.0.0.1:8082"}\n')
    result = run("check", "-c", path)
    assert result.returncode == 2 and not result.stdout, result
    lines = result.stderr.splitlines()
    assert lines[0] == f"{path}: listener localhost:8080: needs a numeric address, such as 0.0.0.0:8080", lines
    assert lines[1] == f"{path}: health 127.0.0.1:8082: listener 0.0.0.0:8082 has that address already", lines
    assert lines[2].startswith(f"{path}: listener 0.0.0.0:8082: ") and "/none.pem" in lines[2], lines
    assert len(lines) == 3, lines


def test_what_is_no_yaml_at_all_has_a_place_too(stage):
    for number, (text, place) in enumerate((("services: {web: [\n", "2:"), ("a: b: c\n", "1:5"),
                                            ("services:\n\tweb: 1\n", "2:"), ("- a list\n", "1:1"),
                                            ("workers: 1\nworkers: 2\n", "2:1"),
                                            ("store: {redis: '${FAIRLEAD_TEST_UNSET}'}\n", "1:"))):
        path = write(f"{stage.folder}/{number}.yaml", text)
        result = run("check", "-c", path)
        assert result.returncode == 2 and result.stderr.startswith(f"{path}:{place}"), (text, result)
    missing = run("check", "-c", f"{stage.folder}/missing.yaml")
    assert missing.returncode == 2 and "missing.yaml" in missing.stderr, missing
    for content in (b"\xff\xfe\x00binary\x00", b"[" * 100000):
        path = f"{stage.folder}/junk.yaml"
        with open(path, "wb") as file:
            file.write(content)
        result = run("check", "-c", path)
        assert result.returncode == 2 and result.stderr.startswith(path), result.stderr[:300]


def refused(proxy):
    return re.findall(r"error config.refused problem=(.*)", proxy.output)


def test_a_bad_file_while_it_runs_changes_nothing_until_a_good_one_comes(stage):
    one, two = stage.origin("one"), stage.origin("two")
    proxy = stage.fairlead(config_of(one))
    load = stage.load(proxy.url("/"), rate=200)
    for number, (text, what) in enumerate((("services: {web: {polcy: p2c}}\n", "did you mean 'policy'"),
                                           ("services: [\n", "end of sequence"),
                                           ("routes: [{host: '', service: web}]\n", "routes[0].host"))):
        proxy.write(text)
        if number == 0:
            proxy.signal(signal.SIGHUP)  # asked for, and not only noticed
        detail = wait_until(lambda what=what: what in file_source(proxy)["detail"] and file_source(proxy)["detail"])
        print(f"  {os.path.basename(detail)}")
        assert re.match(rf"{proxy.config}:\d+:\d+: ", detail), detail
        assert file_source(proxy)["connected"] is False
        wait_until(lambda what=what: any(what in line for line in refused(proxy)[-1:]))  # the log has its own thread
        assert get(proxy.url("/name")).text == "one"
    os.remove(proxy.config)
    wait_until(lambda: "No such file" in file_source(proxy)["detail"])
    assert get(proxy.url("/name")).text == "one"
    proxy.write(config_of(two))
    wait_until(lambda: get(proxy.url("/name")).text == "two")
    assert file_source(proxy)["connected"] is True
    report = load.stop()
    print(f"  {report['requests']} requests, failed: {Load.failed(report) or 'none'}")
    assert report["requests"] > 100 and not Load.failed(report), report


def test_sighup_reads_the_file_again_also_where_nothing_changed(stage):
    proxy = stage.fairlead(config_of(stage.origin("one")))
    reads = proxy.output.count(" config.read ")
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: proxy.output.count(" config.read ") == reads + 1)
    assert get(proxy.url("/name")).text == "one"


def test_a_change_that_needs_a_restart_says_so(stage):
    origin = stage.origin("one")
    proxy = stage.fairlead(config_of(origin))
    proxy.write(config_of(origin) + "limits: {headers: 50}\n")
    line = proxy.wait_for_output(r"warn config.needs_restart .*").group(0)
    assert "limits" in line, line
    assert "limits" in file_source(proxy)["detail"]
    assert get(proxy.url("/name")).text == "one"


def test_a_port_in_use_is_one_clear_line_and_status_1(stage):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        for key in ("listeners", "api", "health", "admin"):
            where = {name: f"127.0.0.1:{port if name == key else 0}" for name in
                     ("listeners", "api", "health", "admin")}
            path = write(f"{stage.folder}/{key}.yaml", (
                f"workers: 2\nlisteners: [{{bind: '{where['listeners']}'}}]\napi: {{bind: '{where['api']}'}}\n"
                f"health: {{bind: '{where['health']}'}}\nadmin: {{bind: '{where['admin']}'}}\n"
                f"store: {{embedded: {stage.folder}/{key}-state}}\n"))
            result = run("run", "-c", path)
            lines = [line for line in result.stderr.splitlines() if line.startswith("fairlead: ")]
            print(f"  {lines}")
            assert result.returncode == 1, result
            assert len(lines) == 1 and f"127.0.0.1:{port}" in lines[0] and "in use" in lines[0], result.stderr


def test_two_fairleads_do_not_share_a_port_unnoticed(stage):
    origin = stage.origin("one")
    first = stage.fairlead(config_of(origin))
    path = write(f"{stage.folder}/second.yaml", (
        f"listeners: [{{bind: '127.0.0.1:{first.port}'}}]\napi: {{bind: '127.0.0.1:0'}}\n"
        "health: {bind: '127.0.0.1:0'}\nadmin: {bind: '127.0.0.1:0'}\n"
        f"store: {{embedded: {stage.folder}/second-state}}\n"))
    result = run("run", "-c", path)
    assert result.returncode == 1 and f"127.0.0.1:{first.port}" in result.stderr, result


def test_a_wrong_command_line_is_status_2(stage):
    for words in ((), ("run", "--nosuch"), ("nosuch",), ("check",), ("run", "--log-level", "loud")):
        result = run(*words, cwd=stage.folder)
        assert result.returncode == 2 and result.stderr, (words, result)


if __name__ == "__main__":
    main()
