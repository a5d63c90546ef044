"""A foreign client for `mithril serve`, with the `websockets` package: exits 1 on any deviation.

usage: ws_client.py URL TOKEN     (or MITHRIL_URL and MITHRIL_TOKEN); URL is http://HOST:PORT
"""

import asyncio
import json
import os
import sys

import websockets
from websockets.asyncio.client import connect

DEADLINE = 10


def expect(condition, what):
    if not condition:
        raise SystemExit(f"deviation: {what}")


async def ask(socket, frame):
    await socket.send(frame if isinstance(frame, str) else json.dumps(frame))
    return json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))


async def request(socket, subject, data):
    frame = {"type": "request", "subject": subject, "data": data, "request_id": subject}
    answer = await ask(socket, frame)
    expect(answer.get("request_id") == subject, f"the id of {subject} comes back: {answer}")
    return answer


async def closed(socket):
    try:
        while True:
            await asyncio.wait_for(socket.recv(), DEADLINE)
    except websockets.ConnectionClosed as close:
        expect(close.rcvd is not None, "there is a close frame")
        return close.rcvd.code, json.loads(close.rcvd.reason)


async def talk(socket):
    listed = await request(socket, "exercise.pool.list", {})
    expect(listed["type"] == "response", f"pools are listed: {listed}")
    pools = listed["data"]["pools"]
    pool = next((pool for pool in pools if pool["exercises"]), None)
    expect(pool is not None, "a pool has exercises")

    exercise_id = pool["exercises"][0]
    got = await request(socket, "exercise.get", {"exercise_id": exercise_id})
    expect(got["data"]["exercise"]["id"] == exercise_id, f"the exercise is the one asked for: {got}")
    expect("answer" not in got["data"]["exercise"], "the answer stays on the server")

    launched = await request(socket, "exercise.launch", {"exercise_id": exercise_id})
    expect(launched["data"]["session_id"], f"a launch has a session: {launched}")

    unknown = await request(socket, "exercise.nope", {})
    expect(unknown["code"] == "unknown_subject", f"an unknown subject is told: {unknown}")
    missing = await request(socket, "exercise.get", {"exercise_id": "there-is-no-such-exercise"})
    expect(missing["code"] == "not_found", f"a missing exercise is told: {missing}")
    bad = await ask(socket, "{ this is not JSON")
    expect((bad["type"], bad["code"]) == ("error", "bad_request"), f"bad JSON is told: {bad}")
    pong = await ask(socket, {"type": "ping"})
    expect(pong["type"] == "pong", f"the client stays connected: {pong}")


async def main(url, token):
    url = url.replace("http", "ws", 1).rstrip("/") + "/ws"
    bearer = {"Authorization": f"Bearer {token}"}

    async with connect(url, additional_headers=bearer) as socket:
        await talk(socket)
    offers = ["mithril.v1", f"mithril.bearer.{token}"]
    async with connect(url, subprotocols=offers) as socket:
        expect(socket.subprotocol == "mithril.v1", f"the dialect is echoed: {socket.subprotocol}")
        await talk(socket)
        expect(await ask(socket, {"type": "ping"}) == {"type": "pong"}, "the pong is bare")

    async with connect(url, additional_headers=bearer) as socket:
        await socket.send(" " * (1024 * 1024))
        expect(await closed(socket) == (1009, {"code": "too_large"}), "1 MiB is too large")
    async with connect(url, additional_headers=bearer) as socket:
        await socket.send(b"{}")
        expect(await closed(socket) == (1003, {"code": "binary_frame"}), "binary is refused")

    for headers, code in [({}, "missing_token"), ({"Authorization": "x"}, "invalid_token")]:
        try:
            async with connect(url, additional_headers=headers):
                expect(False, f"{code} gets no socket")
        except websockets.InvalidStatus as refusal:
            answer = refusal.response
            expect(answer.status_code == 401, f"{code} is 401: {answer.status_code}")
            expect(json.loads(answer.body)["code"] == code, f"{code}: {answer.body}")


if __name__ == "__main__":
    arguments = sys.argv[1:] or [os.environ.get("MITHRIL_URL"), os.environ.get("MITHRIL_TOKEN")]
    if len(arguments) != 2 or not all(arguments):
        raise SystemExit(__doc__)
    asyncio.run(asyncio.wait_for(main(*arguments), 6 * DEADLINE))
    print("python websockets", websockets.__version__, "ok")
