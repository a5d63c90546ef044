"""A socket that says whose it is after it was opened, and one that proves it anew."""

from client import PLAIN, TUNED, V1, equal, expect, run

BAD = (1008, {"code": "auth_failed"})
# What each dialect adds to a frame of the server that says little more than its type.
STAMP = {"timestamp", "message_id"}


async def stranger(daemon=PLAIN, dialect=None):
    client = await daemon.open("/ws/connect", dialect=dialect)
    asked = await client.receive()
    equal(asked["type"], "auth_required", "a stranger is asked who it is")
    wanted = {"type"} if dialect == V1 else {"type", "data", *STAMP}
    equal(set(asked), wanted, f"what {dialect} is asked with")
    return client


async def is_admitted(client, user, frame):
    answer = await client.ask(frame)
    equal((answer["type"], answer["data"]), ("auth_success", {"user_id": user}), f"the answer to {user}")
    expect((client.dialect == V1) != (STAMP <= set(answer)), f"what the dialect adds: {answer}")
    equal(await client.follows(), [f"ws:{user}"], "the socket is the user's")


async def both_forms_are_taken_in_both_dialects():
    for dialect in (None, V1):
        token = PLAIN.mint("in-band")
        for frame in (
            {"type": "auth", "token": token},
            {"type": "auth_required", "data": {"token": token}},
        ):
            client = await stranger(dialect=dialect)
            await is_admitted(client, "in-band", frame)
            await client.close()


async def whoever_has_a_token_is_not_asked():
    client = await PLAIN.open("/ws/connect", user="known")
    await client.silent()


async def a_bad_token_ends_the_socket():
    expired = PLAIN.expired("late")
    for token, code in [("nonsense", "invalid_token"), (expired, "token_expired")]:
        client = await stranger()
        answer = await client.ask({"type": "auth", "token": token})
        equal((answer["type"], answer["data"]["code"]), ("auth_failed", code), "the answer")
        equal(await client.closed(), BAD, "the close")


async def nothing_else_is_heard_before():
    client = await stranger(dialect=V1)
    for frame, code in [
        ({"type": "ping"}, "auth_failed"),
        ({"type": "subscribe", "topics": ["room:a"]}, "auth_failed"),
        ({"type": "auth"}, "bad_request"),
        ({"type": "auth_required", "data": {}}, "unknown_type"),
        ("{", "bad_request"),
    ]:
        await client.fails(frame, code)
    await is_admitted(client, "patient", {"type": "auth", "token": PLAIN.mint("patient")})


async def whoever_says_nothing_is_closed():
    client = await stranger(TUNED)
    equal(await client.closed(), (1008, {"code": "auth_timeout"}), "the close of a stranger")
    # And whoever has said it is not: this one outlives another stranger.
    known = await stranger(TUNED)
    await is_admitted(known, "quick", {"type": "auth", "token": TUNED.mint("quick")})
    await (await stranger(TUNED)).closed()
    await known.silent()


async def a_live_connection_is_refreshed():
    for dialect in (None, V1):
        client = await PLAIN.open(user="fresh", dialect=dialect)
        await client.subscribe("exercise.{user_id}.status")
        await is_admitted(client, "fresh", {"type": "auth", "token": PLAIN.mint("fresh")})

        # A bad one changes nothing: the socket stays, and so does what it has subscribed to.
        answer = await client.ask({"type": "auth", "token": "nonsense"})
        equal((answer["type"], answer["data"]["code"]), ("auth_failed", "invalid_token"), "a bad token")
        await client.silent()
        launched = await client.request("exercise.launch", {"exercise_id": "c-fizzbuzz"})
        event = await client.receive()
        equal(event["data"]["session_id"], launched["data"]["session_id"], "events still come")

        # With an id, one response or error carries it back.
        token = PLAIN.mint("fresh")
        answer = await client.answer({"type": "auth", "token": token})
        equal(answer["type"], "response", "a refresh with an id")
        answer = await client.answer({"type": "auth", "token": "nonsense"})
        equal((answer["type"], answer["code"]), ("error", "auth_failed"), "a bad one with an id")

        answer = await client.ask({"type": "auth", "token": PLAIN.mint("somebody-else")})
        equal(answer["type"], "auth_failed", "another user's token")
        equal(await client.closed(), BAD, "the close after another user's token")


async def a_refresh_ends_what_it_does_not_grant():
    tutor = await PLAIN.open(token=PLAIN.mint("tutor", "--topic", "exercise.*.status"))
    equal(await tutor.subscribe("exercise.*.status"), ["exercise.*.status"], "a granted pattern")
    pupil = await PLAIN.open(user="pupil")
    await pupil.request("exercise.launch", {"exercise_id": "c-fizzbuzz"})
    event = await tutor.receive()
    equal(event["subject"], "exercise.pupil.status", "an event names the concrete topic")
    plain = await tutor.ask({"type": "auth", "token": PLAIN.mint("tutor")})
    equal(plain["type"], "auth_success", "the new token is good")
    lost = await tutor.receive()
    equal((lost["type"], lost["code"]), ("error", "forbidden"), "the lost subscription is told")
    await pupil.request("exercise.launch", {"exercise_id": "c-fizzbuzz"})
    await tutor.silent()

    # A room too, and the others hear that the user has left it.
    anna = await TUNED.open("/ws/maths", token=TUNED.mint("anna", "--room", "maths"))
    await anna.moved("anna", "joined")
    ben = await TUNED.open("/ws/maths", token=TUNED.mint("ben", "--room", "maths"))
    await ben.moved("ben", "joined")
    await anna.moved("ben", "joined")
    answer = await ben.ask({"type": "auth", "token": TUNED.mint("ben")})
    equal(answer["type"], "auth_success", "the new token is good")
    equal((await ben.receive())["code"], "forbidden", "the lost room is told")
    await anna.moved("ben", "left")
    await ben.fails({"type": "chat", "data": "still here?"}, "forbidden")
    await anna.silent()


async def a_request_id_comes_back_before_and_with_the_proof():
    client = await stranger(dialect=V1)
    for frame, code in [
        ({"type": "request", "subject": "exercise.pool.list"}, "auth_failed"),
        ({"type": "ping"}, "auth_failed"),
        ({"type": "auth"}, "bad_request"),
    ]:
        error = await client.ask({**frame, "request_id": "r"})
        equal((error["code"], error.get("request_id")), (code, "r"), f"the answer to {frame}")
    answer = await client.answer({"type": "auth", "token": PLAIN.mint("numbered")})
    equal(answer["type"], "response", "the answer to a proof with an id")


run(
    both_forms_are_taken_in_both_dialects,
    whoever_has_a_token_is_not_asked,
    a_bad_token_ends_the_socket,
    nothing_else_is_heard_before,
    a_request_id_comes_back_before_and_with_the_proof,
    whoever_says_nothing_is_closed,
    a_live_connection_is_refreshed,
    a_refresh_ends_what_it_does_not_grant,
)
