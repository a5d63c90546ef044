"""What is said in a room is heard by all who are there and by nobody else; in the lobby and projects too."""

import datetime
import uuid

from client import PLAIN, TUNED, V1, equal, expect, run


async def member(daemon, path, user, *flags, dialect=None):
    """A socket of a user whom the room did not have, after it has heard that it has joined."""
    token = daemon.mint(user, *flags)
    client = await daemon.open(path, token=token, dialect=dialect)
    await client.moved(user, "joined")
    return client


async def presence(client, topic):
    answer = await client.answer({"type": "presence", "topic": topic})
    users = {one["user_id"]: one["connections"] for one in answer["data"]["users"]}
    equal(answer["data"]["total"], len(users), "the total")
    return users


async def what_is_said_is_heard_in_the_room_alone():
    anna = await member(PLAIN, "/ws/maths", "anna")
    ben = await PLAIN.open(user="ben")
    answer = await ben.ask({"type": "subscribe", "topics": ["room:maths"], "request_id": "s"})
    equal(answer.get("request_id"), "s", "the answer comes before the first event")
    equal([one["topic"] for one in answer["data"]["subscribed"]], ["room:maths"], "one joins")
    await ben.moved("ben", "joined")
    joined = await anna.moved("ben", "joined")
    equal(joined["room"], "maths", "who joins joins a room")
    elsewhere = await member(PLAIN, "/ws/physics", "anna")
    nowhere = await PLAIN.open(user="carl")

    # Who said it, where and when is the server's to say.
    lies = {"user_id": "ben", "room": "physics", "message_id": "1", "timestamp": "then"}
    await anna.send({"type": "chat", "data": {"text": "hi"}, **lies})
    heard = await anna.receive()
    equal(await ben.receive(), heard, "all hear the same")
    equal(uuid.UUID(heard.pop("message_id")).version, 7, "a message's id")
    said_at = datetime.datetime.fromisoformat(heard.pop("timestamp"))
    now = datetime.datetime.now(datetime.timezone.utc)
    expect(abs(now - said_at) < datetime.timedelta(minutes=1), f"it was said {said_at}")
    wanted = {"type": "chat", "room": "maths", "data": {"text": "hi"}, "user_id": "anna"}
    equal(heard, wanted, "a message to the room")

    for frame, kind, data in [
        ({"data": [1]}, "chat", [1]),
        ({"type": "typing"}, "typing", {}),
        ({"type": "cursor_2", "data": None}, "cursor_2", {}),
        ({"type": "x" * 32, "data": "text"}, "x" * 32, "text"),
    ]:
        heard = await anna.ask(frame)
        equal((heard["type"], heard["data"]), (kind, data), f"what {frame} becomes")
        equal(await ben.receive(), heard, "all hear the same")

    # Ben's socket was not opened on the room: it publishes.
    publish = {"type": "publish", "topic": "room:maths", "data": 1}
    await ben.send({**publish, "kind": "note", "request_id": "p"})
    frames = {frame["type"]: frame for frame in [await ben.receive(), await ben.receive()]}
    equal(frames["response"]["request_id"], "p", "the publisher is answered")
    equal(frames["response"]["data"]["message_id"], frames["note"]["message_id"], "with the id")
    equal(await anna.receive(), frames["note"], "a published message")
    heard = await ben.ask(publish)
    equal((heard["type"], heard["user_id"]), ("chat", "ben"), "a kind that is absent")
    equal(await anna.receive(), heard, "all hear the same")
    for client in (anna, ben, elsewhere, nowhere):
        await client.silent()


async def nobody_speaks_for_the_server_or_where_they_are_not():
    dora = await member(PLAIN, "/ws/forum", "dora")
    emil = await member(PLAIN, "/ws/forum", "emil")
    await dora.moved("emil", "joined")
    server = "user_left user_joined error auth_success auth_failed event response gap pong".split()
    for kind in server:
        frame = {"type": kind, "data": {"user_id": "emil", "action": "left"}}
        await dora.fails(frame, "forbidden")
        await emil.fails({"type": "publish", "topic": "room:forum", "kind": kind}, "forbidden")
    outside = await PLAIN.open(user="frida")
    for kind in server[:4]:
        await outside.fails({"type": kind}, "unknown_type")
    for topic in ("room:forum", "room:*", "room:a/b", "ws:frida", "exercise.frida.status", "project:p"):
        await outside.fails({"type": "publish", "topic": topic}, "forbidden")
    for kind in ("Chat", "", "a b", "user-left", "x" * 33):
        await dora.fails({"type": kind}, "bad_request")
    for client in (dora, emil):
        await client.silent()


async def users_come_and_go_not_sockets():
    gina = await member(PLAIN, "/ws/choir", "gina")
    hugo = await member(PLAIN, "/ws/choir", "hugo", dialect=V1)
    joined = await gina.moved("hugo", "joined")
    expect({"timestamp", "message_id"} <= set(joined), f"classic adds a stamp: {joined}")
    equal(await presence(gina, "room:choir"), {"gina": 1, "hugo": 1}, "who is there")

    tab = await PLAIN.open("/ws/choir", user="hugo")
    equal(await presence(tab, "room:choir"), {"gina": 1, "hugo": 2}, "with another tab")
    for client in (gina, hugo, tab):
        await client.silent()
    await hugo.close()
    # Ida's coming is heard after hugo's first socket has gone, and that is not.
    ida = await member(PLAIN, "/ws/choir", "ida")
    await gina.moved("ida", "joined")
    await tab.moved("ida", "joined")
    await tab.close()
    left = await gina.moved("hugo", "left")
    equal(left["room"], "choir", "who leaves leaves a room")
    await ida.moved("hugo", "left")

    answer = await ida.answer({"type": "unsubscribe", "topics": ["room:choir"]})
    equal(answer["data"], {"unsubscribed": ["room:choir"]}, "one may leave by unsubscribing")
    await gina.moved("ida", "left")
    equal(await presence(ida, "room:choir"), {"gina": 1}, "who is left")
    equal(await presence(ida, "room:empty"), {}, "nobody is there")
    for topic in ("ws:ida", "room:*", "exercise.updated", "nonsense"):
        answer = await ida.answer({"type": "presence", "topic": topic})
        equal(answer["code"], "forbidden", f"the presence of {topic}")
    await ida.fails({"data": "am I still heard?"}, "forbidden")
    await gina.silent()


async def v1_has_the_classic_frame_in_an_event():
    jan = await member(PLAIN, "/ws/band", "jan")
    kim = await PLAIN.open("/ws/band", user="kim", dialect=V1)
    bare = {"type": "user_joined", "room": "band", "data": {"user_id": "kim", "action": "joined"}}
    equal(await kim.receive(), bare, "who joins, in v1")
    await jan.moved("kim", "joined")
    await kim.send({"data": {"text": "hi"}})
    frame, event = await jan.receive(), await kim.receive()
    told = (event["type"], event["subject"], event["data"])
    equal(told, ("event", "room:band", frame), "a room's message in v1")
    equal(frame["type"], "chat", "and in the classic dialect")


async def the_lobby_is_for_all_on_the_first_route():
    lena = await member(TUNED, "/ws", "lena")
    mona = await member(TUNED, "/ws/", "mona")
    joined = await lena.moved("mona", "joined")
    equal(joined["room"], "lobby", "where all are")
    outside = await TUNED.open("/ws/connect", user="nils")
    heard = await mona.ask({"data": "hi all"})
    equal((heard["room"], heard["data"], heard["user_id"]), ("lobby", "hi all", "mona"), "the lobby")
    equal(await lena.receive(), heard, "all hear the same")
    await outside.fails({"type": "chat"}, "unknown_type")
    await outside.silent()
    for client in (lena, mona, outside):
        await client.close()


async def projects_have_members():
    def subscription(action, project="p-1"):
        return {"type": "subscription", "data": {"action": action, "project_id": project}}

    olga = await PLAIN.open(user="olga")
    joined = await olga.ask(subscription("subscribe"))
    equal((joined["type"], joined["project_id"]), ("user_joined", "p-1"), "one joins a project")
    paul = await PLAIN.open(user="paul", dialect=V1)
    answer = await paul.answer(subscription("subscribe"))
    topics = [one["topic"] for one in answer["data"]["subscribed"]]
    equal((topics, answer["data"]["rejected"]), (["project:p-1"], []), "the same as to subscribe")
    await paul.moved("paul", "joined")
    await olga.moved("paul", "joined")
    equal(await presence(paul, "project:p-1"), {"olga": 1, "paul": 1}, "who is in the project")
    publish = {"type": "publish", "topic": "project:p-1", "data": 1}
    await paul.fails(publish, "forbidden")
    await paul.fails(subscription("subscribe", "a.b"), "forbidden")
    await paul.fails(subscription("leave"), "bad_request")
    answer = await paul.answer(subscription("unsubscribe"))
    equal(answer["data"], {"unsubscribed": ["project:p-1"]}, "one leaves a project")
    await olga.moved("paul", "left")
    await olga.silent()


run(
    what_is_said_is_heard_in_the_room_alone,
    nobody_speaks_for_the_server_or_where_they_are_not,
    users_come_and_go_not_sockets,
    v1_has_the_classic_frame_in_an_event,
    the_lobby_is_for_all_on_the_first_route,
    projects_have_members,
)
