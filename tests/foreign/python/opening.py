"""Where a token may be, what is spoken then, and what a refusal looks like."""

import datetime
import uuid
from urllib.parse import quote

from client import CLASSIC, PLAIN, TUNED, V1, equal, expect, run

PLACES = {
    "header": lambda token: {"additional_headers": {"Authorization": f"Bearer {token}"}},
    "bare header": lambda token: {"additional_headers": {"Authorization": token}},
    "lower case": lambda token: {"additional_headers": {"Authorization": f"bearer {token}"}},
    "classic": lambda token: {"subprotocols": [CLASSIC, f"mithril.bearer.{token}"]},
    "v1": lambda token: {"subprotocols": [f"mithril.bearer.{token}", V1]},
}


async def every_place_on_every_route():
    for name, place in {**PLACES, "query": None}.items():
        user = f"place-{name.replace(' ', '-')}"
        token = PLAIN.mint(user)
        for path in ("/ws", "/ws/", "/ws/connect", "/ws/hall"):
            if place:
                client = await PLAIN.open_with(path, **place(token))
            else:
                client = await PLAIN.open_with(f"{path}?a=b&token={quote(token)}")
            topics = [f"ws:{user}"] + ["room:hall"] * path.endswith("hall")
            equal(await client.follows(), topics, f"{name} on {path}")
            wanted = {"classic": CLASSIC, "v1": V1}.get(name)
            equal(client.dialect, wanted, "the dialect alone is echoed")
            equal(client.socket.protocol.extensions, [], "nothing is compressed")
            await client.close()


async def the_first_place_decides():
    good, bad = PLAIN.mint("first"), "not-a-token"
    header = lambda token: {"Authorization": f"Bearer {token}"}
    offer = lambda token: [V1, f"mithril.bearer.{token}"]
    query = f"/ws?token={bad}"
    await (await PLAIN.open_with(query, additional_headers=header(good))).silent()
    await (await PLAIN.open_with(query, subprotocols=offer(good))).silent()
    options = {"additional_headers": header(bad), "subprotocols": offer(good)}
    await PLAIN.refuses(f"/ws?token={good}", 401, "invalid_token", **options)
    await PLAIN.refuses(f"/ws?token={good}", 401, "invalid_token", subprotocols=offer(bad))


async def a_dialect_is_fixed_at_the_upgrade():
    for offers, is_classic in [
        (None, True),
        (["graphql-ws"], True),
        ([CLASSIC, V1], True),
        ([V1, CLASSIC], False),
        (["graphql-ws", V1], False),
    ]:
        token = PLAIN.mint("dialect")
        header = {"Authorization": token}
        client = await PLAIN.open_with("/ws", additional_headers=header, subprotocols=offers)
        spoken = next((offer for offer in offers or [] if offer in (CLASSIC, V1)), None)
        equal(client.dialect, spoken, "the first dialect that is known is echoed")
        pong = await client.silent()
        error = await client.fails({"type": "no_such_type"}, "unknown_type")
        same = {"code": "unknown_type", "message": error["error"]}
        equal(error["data"], same, "an error tells both ways")
        if is_classic:
            equal(set(pong), {"type", "timestamp", "message_id", "data"}, "a classic pong")
            for frame in (pong, error):
                uuid.UUID(frame["message_id"])
                datetime.datetime.fromisoformat(frame["timestamp"])
        else:
            equal(pong, {"type": "pong"}, "a pong of v1")
            equal(set(error), {"type", "error", "code", "data"}, "an error of v1")
        answer = await client.answer({"type": "ping"})
        equal(answer["data"], {"type": "pong"}, "a ping with an id is answered")
        await client.close()


async def a_request_id_comes_back_once():
    client = await PLAIN.open(user="ids")
    for frame, kind in [
        ({"type": "subscribe", "topics": ["room:a", "room:*"]}, "response"),
        ({"type": "unsubscribe", "topics": ["room:a", "room:b"]}, "response"),
        ({"type": "presence", "topic": "room:a"}, "response"),
        ({"type": "publish", "topic": "room:a"}, "error"),
        ({"type": "no_such_type"}, "error"),
        ({"type": "subscribe", "topics": "room:a"}, "error"),
    ]:
        answer = await client.answer(frame)
        equal(answer["type"], kind, f"the answer to {frame}")
        while (frame := await client.ask({"type": "ping"}))["type"] != "pong":
            expect("request_id" not in frame, f"the id comes back once: {frame}")
            expect(frame["type"] != "error", f"one answer is enough: {frame}")


async def refusals_are_plain_http():
    good = PLAIN.mint("refused")
    await PLAIN.refuses("/ws", 401, "missing_token")
    await PLAIN.refuses("/ws/hall", 401, "missing_token")
    await PLAIN.refuses("/ws?token=", 401, "missing_token")
    await PLAIN.refuses("/ws?token=x", 401, "invalid_token")
    # A page can't read a refusal, so an in-band route refuses what it is given too.
    await PLAIN.refuses("/ws/connect?token=x", 401, "invalid_token")
    header = {"Authorization": "Basic dTpw"}
    await PLAIN.refuses("/ws", 401, "invalid_token", additional_headers=header)
    offers = [f"mithril.bearer.{good}"]
    await PLAIN.refuses("/ws", 400, "subprotocol_missing", subprotocols=offers)
    offers = ["graphql-ws", f"mithril.bearer.{good}"]
    await PLAIN.refuses("/ws", 400, "subprotocol_missing", subprotocols=offers)
    tuned = TUNED.mint("refused")
    await TUNED.refuses(f"/ws?token={tuned}", 401, "missing_token")
    header = {"Authorization": tuned}
    await TUNED.refuses("/ws/maths", 403, "forbidden", additional_headers=header)


run(
    every_place_on_every_route,
    the_first_place_decides,
    a_dialect_is_fixed_at_the_upgrade,
    a_request_id_comes_back_once,
    refusals_are_plain_http,
)
