"""Several sockets of one user: each gets everything once, and there is a limit to them."""

import asyncio
import contextlib

import websockets
from client import PLAIN, TUNED, V1, equal, expect, run

LIMIT = (4000, {"code": "connection_limit"})


async def each_tab_gets_each_notification_once():
    token = PLAIN.mint("tabs", "--topic", "exercise.*.status")
    tabs = [await PLAIN.open(token=token, dialect=dialect) for dialect in (None, None, V1)]
    # However many subscriptions match: by its name, by a pattern, and once more.
    for tab in tabs:
        await tab.subscribe("exercise.{user_id}.status", "exercise.*.status")
        await tab.subscribe("exercise.tabs.status", "grading.{user_id}.*.result")
    deaf = await PLAIN.open(token=token)
    other = await PLAIN.open(user="tab")
    await other.subscribe("exercise.{user_id}.status")

    launch = {"type": "request", "subject": "exercise.launch", "data": {"exercise_id": "c-fizzbuzz"}}
    sessions = []
    for _ in range(3):
        sessions.append((await deaf.answer(launch))["data"]["session_id"])
    for tab in tabs:
        for session in sessions:
            event = await tab.receive()
            told = (event["type"], event["subject"], event["data"]["session_id"])
            equal(told, ("event", "exercise.tabs.status", session), "each event, once and in order")
            status = {key: event["data"][key] for key in ("user_id", "exercise_id", "status")}
            wanted = {"user_id": "tabs", "exercise_id": "c-fizzbuzz", "status": "started"}
            equal(status, wanted, "a launch is told")
    for client in (*tabs, deaf, other):
        await client.silent()

    await tabs[0].answer({"type": "unsubscribe", "topics": ["exercise.*.status", "exercise.tabs.status"]})
    await deaf.answer(launch)
    for tab in tabs[1:]:
        equal((await tab.receive())["subject"], "exercise.tabs.status", "who has not unsubscribed")
    await tabs[0].silent()


async def a_room_s_message_comes_once_to_each_tab():
    tabs = [await PLAIN.open("/ws/den", user="den")]
    await tabs[0].moved("den", "joined")
    for dialect in (None, V1):
        tabs.append(await PLAIN.open("/ws/den", user="den", dialect=dialect))
        equal(await tabs[-1].subscribe("room:den"), ["room:den"], "what is subscribed already")
    for text in ("one", "two"):
        await tabs[1].send({"data": text})
        for tab in tabs:
            frame = await tab.receive()
            frame = frame["data"] if tab.dialect == V1 else frame
            equal((frame["type"], frame["data"]), ("chat", text), "a message, once and in order")
    for tab in tabs:
        await tab.silent()


async def the_sixth_socket_is_told_why_it_is_closed():
    for daemon, most in ((PLAIN, 5), (TUNED, 2)):
        token = daemon.mint("many")
        seats = [await daemon.open("/ws/connect", token=token) for _ in range(most)]
        for route in ("/ws", "/ws/connect"):
            equal(await (await daemon.open(route, token=token)).closed(), LIMIT, "one more")
        # Whoever authenticates in band has the same limit.
        stranger = await daemon.open("/ws/connect")
        await stranger.send({"type": "auth", "token": token})
        equal(await stranger.closed(), LIMIT, "one more in band")
        await (await daemon.open("/ws/connect", user="few")).silent()
        for seat in seats:
            await seat.silent()
        # A seat is free again soon after its socket has closed; there is nothing to wait for.
        await seats.pop().close()
        while not await has_room(daemon, token):
            pass


async def has_room(daemon, token):
    client = await daemon.open("/ws/connect", token=token)
    try:
        return (await client.ask({"type": "ping"}))["type"] == "pong"
    except websockets.ConnectionClosed:
        return False


async def a_flood_is_refused_and_then_cut_off():
    client = await PLAIN.open(user="flood", dialect=V1)
    await asyncio.gather(*(client.send({"type": "ping", "request_id": str(n)}) for n in range(29)))
    frames = [await client.receive() for _ in range(29)]
    codes = [frame.get("code") for frame in frames]
    equal(codes[:20], [None] * 20, "a burst of 20 is answered")
    expect("rate_limited" in codes[20:], f"what is more is refused: {codes}")
    ids = [frame["request_id"] for frame in frames]
    equal(ids, [str(n) for n in range(29)], "each id comes back once and in order")
    with contextlib.suppress(websockets.ConnectionClosed):
        for _ in range(60):
            await client.send({"type": "ping"})
    equal(await client.closed(), (4009, {"code": "rate_limited"}), "the end of a flood")


async def a_connection_has_so_many_topics():
    client = await PLAIN.open(user="topics")
    frame = {"type": "subscribe", "topics": ["*"] * 10_000}
    equal((await client.answer(frame))["code"], "too_many_topics", "10,000 topics")
    # One of the tuned daemon's six topics is there from the start: the user's own.
    client = await TUNED.open("/ws/connect", user="topics")
    topics = [f"grading.{{user_id}}.e{n}.result" for n in range(6)]
    data = (await client.answer({"type": "subscribe", "topics": topics}))["data"]
    concrete = [f"grading.topics.e{n}.result" for n in range(5)]
    equal([one["topic"] for one in data["subscribed"]], concrete, "six topics")
    rejected = [(one["topic"], one["code"]) for one in data["rejected"]]
    equal(rejected, [(topics[5], "too_many_topics")], "the seventh")


run(
    each_tab_gets_each_notification_once,
    a_room_s_message_comes_once_to_each_tab,
    the_sixth_socket_is_told_why_it_is_closed,
    a_flood_is_refused_and_then_cut_off,
    a_connection_has_so_many_topics,
)
