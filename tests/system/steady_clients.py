"""Clients that send requests at a steady rate and remember what became of each one.

    with SteadyClients(proxy.port, rate=200) as clients:
        engine.stop("web-1")
    assert not clients.failed, clients.summary()

Each thread keeps one connection open, as browsers and balancers do. Every request that was begun
is in `records`, whatever happened to it: an answer that is not 2xx, a reset, a timeout all count.
"""
import collections
import http.client
import threading
import time

Record = collections.namedtuple("Record", "begin end outcome origin")


class SteadyClients:
    def __init__(self, port, rate=200, connections=16, method="GET", path="/", host="a.org", body=None, timeout=10):
        self._port, self._timeout = port, timeout
        self._request = (method, path, body, {"Host": host})
        self._interval, self._connections = connections / rate, connections
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(connections)]
        self._lock = threading.Lock()
        self.records = []

    def __enter__(self):
        self._begin = time.time()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join(self._timeout + 5)

    def _run(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
        due = self._begin + self._interval * number / self._connections
        while not self._stopping.wait(max(0.0, due - time.time())):
            record = self._send(connection)
            with self._lock:
                self.records.append(record)
            due += self._interval
        connection.close()

    def _send(self, connection):
        begin = time.time()
        try:
            method, path, body, headers = self._request
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
            outcome = str(response.status)
            if response.status // 100 != 2:
                outcome += f" {response.headers.get('X-Fairlead-Reason')}"
            elif body is not None and path == "/echo" and answer != body:
                outcome = "another body"
            return Record(begin, time.time(), outcome, response.headers.get("X-Origin"))
        except (OSError, http.client.HTTPException) as problem:
            connection.close()  # the next request opens it again
            return Record(begin, time.time(), repr(problem), None)

    def since(self, moment):
        """Records of the requests that were begun after it."""
        with self._lock:
            return [record for record in self.records if record.begin > moment]

    @property
    def failed(self):
        with self._lock:
            return [record for record in self.records if not record.outcome.startswith("2")]

    def summary(self):
        outcomes = collections.Counter(record.outcome for record in self.records)
        slowest = max((record.end - record.begin for record in self.records), default=0)
        return f"{len(self.records)} requests, {dict(outcomes)}, slowest {slowest * 1000:.0f} ms"
