"""One measurement: a client's load through one proxy, and what the proxy's processes cost meanwhile."""
import json
import os
import re
import subprocess
import tempfile

from proxies import pinned

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """(user, system) of the processes, all their threads included."""
    user = system = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        user += int(fields[11])
        system += int(fields[12])
    return user / TICKS, system / TICKS


def run_wrk(url, case, seconds, cpu):
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    if case.close:
        command += ["-H", "Connection: close"]
    text = subprocess.run(pinned(cpu, command + [url]), check=True, capture_output=True, text=True).stdout

    def latency(quantile):
        value, unit = re.search(rf"\s{quantile}%\s+([\d.]+)(us|ms|s)", text).groups()
        return float(value) * {"us": 1, "ms": 1000, "s": 1e6}[unit]

    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {
        "requests": int(re.search(r"(\d+) requests in", text).group(1)),
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "p50_us": latency(50),
        "p99_us": latency(99),
        "failed": (int(failed.group(1)) if failed else 0) +
                  (sum(int(n) for n in errors.groups()) if errors else 0),
    }


def run_own_load(program, url, case, seconds, cpu):
    command = [program, "--connections", str(case.connections), "--duration", str(seconds), "--json"]
    if case.close:
        command.append("--close")
    output = subprocess.run(pinned(cpu, command + [url]), capture_output=True, text=True).stdout
    facts = json.loads(output)
    good = sum(count for code, count in facts["status"].items() if code.startswith(("2", "3")))
    return {
        "requests": facts["requests"],
        "requests_per_second": facts["requests_per_second"],
        "p50_us": facts["latency_us"]["p50"],
        "p99_us": facts["latency_us"]["p99"],
        "failed": facts["requests"] - good + sum(facts["errors"].values()),
    }


def measure(proxy, case, seconds, client, cpu):
    """`client(url, case, seconds, cpu)` through `proxy`; the CPU time per request in microseconds."""
    url = f"http://127.0.0.1:{proxy.port}{case.path}"
    pids = proxy.pids()
    user_before, system_before = cpu_seconds(pids)
    result = client(url, case, seconds, cpu)
    user, system = cpu_seconds(pids)
    requests = max(result["requests"], 1)
    result["user_us"] = (user - user_before) * 1e6 / requests
    result["system_us"] = (system - system_before) * 1e6 / requests
    result["cpu_us"] = result["user_us"] + result["system_us"]
    return result


def system_calls(proxy, case, seconds, client, cpu):
    """System calls a request, by name: strace slows the proxy down, but not what it asks for."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as report:
        command = ["strace", "-c", "-f", "-qq", "-o", report.name]
        for pid in proxy.pids():
            command += ["-p", str(pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            result = client(f"http://127.0.0.1:{proxy.port}{case.path}", case, seconds, cpu)
        finally:
            tracer.send_signal(2)
            tracer.wait(10)
        calls = {}
        for line in report:
            # "% time, seconds, usecs/call, calls, [errors,] syscall" between two ruled lines
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                calls[fields[-1]] = int(fields[3]) / max(result["requests"], 1)
    return {name: count for name, count in sorted(calls.items(), key=lambda c: -c[1]) if count >= 0.005}
