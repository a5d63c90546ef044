"""A page of another site opens no socket; what is no upgrade, and what is no room, is told so."""

import json

from client import PLAIN, TUNED, equal, expect, run
from raw import Raw

OTHER = "Origin: https://evil.example"


def status(daemon, target, *lines, upgrade=True, **options):
    with Raw(daemon) as raw:
        ask = raw.upgrade if upgrade else raw.request
        got, _, body = ask(target, *lines, **options)
        return got, json.loads(body)["code"] if body else None


def origins():
    for daemon, base in ((PLAIN, ""), (TUNED, "/api/chat-api")):
        token = f"Authorization: {daemon.mint('origins')}"
        host, port = daemon.address
        refused = (403, "origin_not_allowed")
        for origin, wanted in [
            ([], (101, None)),
            ([f"Origin: http://{host}:{port}"], (101, None)),
            ([f"Origin: https://{host}:{port}"], (101, None)),
            ([OTHER], refused),
            (["Origin: null"], refused),
            (["Origin: "], refused),
            (["Origin: *"], refused),
            ([f"Origin: http://{host}"], refused),
            ([f"Origin: http://{host}:{port}.evil.example"], refused),
            ([f"Origin: http://{host}:{port}", OTHER], refused),
            (["Origin: https://lessons.example"], (101, None) if base else refused),
            (["Origin: http://lessons.example"], refused),
        ]:
            equal(status(daemon, f"{base}/ws/connect", token, *origin), wanted, f"{origin}")
        # What a proxy was asked for counts where the proxy is known.
        forwarded = ("Origin: https://school.example", "X-Forwarded-Host: school.example")
        wanted = (101, None) if base else refused
        equal(status(daemon, f"{base}/ws/connect", token, *forwarded), wanted, "behind a proxy")
        # Neither a token nor the want of one says anything to another site.
        for route in ("/ws", "/ws/connect", "/ws/hall"):
            equal(status(daemon, base + route, OTHER), refused, f"{route} without a token")


def preflights_go_by_the_same_list():
    for origin, is_allowed in [("https://lessons.example", True), ("https://evil.example", False)]:
        with Raw(TUNED) as raw:
            ask = (f"Origin: {origin}", "Access-Control-Request-Method: POST")
            _, headers, _ = raw.request("/api/chat-api/ws", *ask, method="OPTIONS")
            allowed = headers.get("access-control-allow-origin")
            equal(allowed, origin if is_allowed else None, "a preflight")
            expect("access-control-allow-credentials" not in headers, "cookies are never read")


def what_is_no_upgrade_is_told_so():
    token = f"Authorization: {PLAIN.mint('no-upgrade')}"
    equal(status(PLAIN, "/ws", token, upgrade=False), (400, "bad_request"), "a plain request")
    version = "Sec-WebSocket-Version: 8"
    ask = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    got, code = status(PLAIN, "/ws", token, *ask, version, upgrade=False)
    # RFC 6455 has 426 for it, section 4.4.
    expect(got in (400, 426) and code == "bad_request", f"version 8: {got} {code}")
    version = "Sec-WebSocket-Version: 13"
    equal(status(PLAIN, "/ws", token, *ask[:2], version, upgrade=False), (400, "bad_request"), "no key")
    got = status(PLAIN, "/ws", token, *ask, version, upgrade=False, method="POST")
    equal(got, (405, "method_not_allowed"), "another method")


def a_room_s_name_is_an_id():
    token = f"Authorization: {PLAIN.mint('room-names')}"
    long = "x" * 129
    for name in ("..", "%2e%2e", "a%2Fb", "%00", "a%00", "%0a", "%ff", "a.b", "*", "%3E", "a:b", "%20", long):
        equal(status(PLAIN, f"/ws/{name}", token), (400, "bad_request"), f"the room {name}")
    for path in ("/ws/a/b", "/ws/a/../b", "/ws//", "/api/chat-api/ws"):
        equal(status(PLAIN, path, token), (404, "not_found"), path)
    equal(status(TUNED, "/ws", token), (404, "not_found"), "without the base path")
    for name in ("a", "%61", "A_b-c@d+e=f~g|h".replace("|", "%7C"), "x" * 128):
        equal(status(PLAIN, f"/ws/{name}", token), (101, None), f"the room {name}")


run(
    origins,
    preflights_go_by_the_same_list,
    what_is_no_upgrade_is_told_so,
    a_room_s_name_is_an_id,
)
