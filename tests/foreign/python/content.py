"""The exercises over a socket, and that no frame of a client ends it but those that must."""

from client import CLASSIC, PLAIN, V1, equal, expect, run


async def requests_are_answered():
    for dialect in (None, CLASSIC, V1):
        client = await PLAIN.open(user="content", dialect=dialect)
        await talk(client)
        await client.close()


async def talk(client):
    listed = await client.request("exercise.pool.list", {})
    expect(listed["type"] == "response", f"pools are listed: {listed}")
    pool = next((pool for pool in listed["data"]["pools"] if pool["exercises"]), None)
    expect(pool is not None, "a pool has exercises")
    got = await client.request("exercise.pool.get", {"pool_id": pool["id"]})
    equal(got["data"], {"pool": pool}, "the pool is the one of the list")
    exercises = await client.request("exercise.pool.exercises", {"pool_id": pool["id"]})
    ids = [exercise["id"] for exercise in exercises["data"]["exercises"]]
    equal(ids, pool["exercises"], "exercises come in the order of teaching")

    mine = {"exercise_id": ids[0]}
    got = await client.request("exercise.get", mine)
    equal(got["data"]["exercise"]["id"], ids[0], "the exercise is the one asked for")
    expect("answer" not in got["data"]["exercise"], "the answer stays on the server")
    for data in (mine, {**mine, "user_id": "content"}):
        launched = await client.request("exercise.launch", data)
        expect(launched["data"]["session_id"], f"a launch has a session: {launched}")
        equal(launched["data"]["exercise"], got["data"]["exercise"], "and the exercise")

    for subject, data, code in [
        ("exercise.nope", {}, "unknown_subject"),
        ("exercise.get", {"exercise_id": "there-is-no-such-exercise"}, "not_found"),
        ("exercise.pool.get", {"pool_id": "no-such-pool"}, "not_found"),
        ("exercise.launch", {**mine, "user_id": "somebody-else"}, "forbidden"),
        ("exercise.get", {}, "bad_request"),
        (f"grading.content.{ids[0]}.submit", ["x"], "unavailable"),
    ]:
        answer = await client.request(subject, data)
        equal((answer["type"], answer["code"]), ("error", code), f"the answer to {subject}")
    await client.silent()


async def whoever_sends_a_frame_stays():
    client = await PLAIN.open(user="frames")
    for frame, code in [
        ("{ this is not JSON", "bad_request"),
        ("", "bad_request"),
        ("[]", "bad_request"),
        ('{"type":7}', "bad_request"),
        ('{"type":"ping","type":"ping"}', "bad_request"),
        ('{"type":"request","subject":"exercise.pool.list"}', "bad_request"),
        ('{"type":"no_such_type"}', "unknown_type"),
        ("[" * 10_000 + "]" * 10_000, "bad_request"),
    ]:
        await client.fails(frame, code)
    await client.silent()


run(requests_are_answered, whoever_sends_a_frame_stays)
