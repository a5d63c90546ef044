"""A thousand who never finish what they have begun keep nobody else out."""

import contextlib
import json
import resource

from client import PLAIN, equal, expect, run
from raw import FIN, TEXT, Raw, masked

MANY = 1_000
PONG = {"type": "pong"}


def a_real_client_talks(user):
    with Raw(PLAIN).open(user) as client:
        client.send(masked(FIN | TEXT, b'{"type":"ping"}'))
        equal(client.json(), PONG, "a real client is answered")
        ask = {"type": "request", "subject": "exercise.pool.list", "request_id": "r", "data": {}}
        client.send(masked(FIN | TEXT, json.dumps(ask).encode()))
        expect(client.json()["data"]["pools"], "a real client gets its pools")


def is_open(raw):
    """Whether there is neither an answer nor an end."""
    raw.socket.setblocking(False)
    try:
        raw.socket.recv(1)
        return False
    except BlockingIOError:
        return True


def half_open_handshakes():
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Raw(PLAIN)) for _ in range(MANY)]
        for n, raw in enumerate(held):
            head = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websoc"
            raw.send(head[: n % len(head)])
        a_real_client_talks("among-half-open")
        equal(sum(map(is_open, held)), MANY, "all of them are still held")


def strangers_who_say_nothing():
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Raw(PLAIN)) for _ in range(MANY)]
        for raw in held:
            equal(raw.upgrade("/ws/connect")[0], 101, "a stranger is let in")
            expect(raw.json()["type"] == "auth_required", "and asked who it is")
        with Raw(PLAIN) as late:
            status, headers, body = late.upgrade("/ws/connect")
            equal((status, json.loads(body)["code"]), (503, "at_capacity"), "one more stranger")
            expect(int(headers["retry-after"]) > 0, "it is told when to come back")
        a_real_client_talks("among-strangers")
        equal(sum(map(is_open, held)), MANY, "all of them are still held")


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
run(half_open_handshakes, strangers_who_say_nothing)
