"""Tokens that nobody should have made: each is refused with its code, before the upgrade."""

import base64
import hmac
import json
import os
import time

from client import PLAIN, TUNED, equal, note, run

KEY = os.environ["JWT_SECRET_KEY"].encode()
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
ISSUED = {"aud": "school", "iss": "https://id.example"}
BAD_USERS = ["", "*", ">", "a.b", "a:b", "a b", "42\n", "42\x00", "é", "x" * 129, "x" * 10_240]
NO_TEXTS = [True, 4.2, ["42"], {}]


def encoded(part):
    part = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(claims, algorithm="HS256", key=KEY, **header):
    head = f"{encoded({'typ': 'JWT', 'alg': algorithm, **header})}.{encoded(claims)}"
    digest = DIGESTS.get(algorithm)
    signature = hmac.new(key, head.encode(), digest).digest() if digest else b""
    token = f"{head}.{encoded(signature)}"
    note(token)
    return token


def shown(token):
    """What a token says, for whoever reads of a deviation."""
    return "".join(str(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])[:200]


def claims(**others):
    merged = {"sub": "42", "exp": int(time.time()) + 60, **others}
    return {name: value for name, value in merged.items() if value is not None}


async def bad_tokens_are_refused():
    good = signed(claims())
    head, body, signature = good.split(".")
    now = int(time.time())
    for token, code in [
        (signed(claims(), "none"), "invalid_token"),
        (f"{encoded({'alg': 'none'})}.{body}.", "invalid_token"),
        (f"{encoded({'alg': 'nOnE'})}.{body}.{signature}", "invalid_token"),
        (signed(claims(), "HS512"), "invalid_token"),
        (signed(claims(), "RS256"), "invalid_token"),
        (signed(claims(), key=b"another key of thirty-two bytes."), "invalid_token"),
        (signed(claims(), key=b""), "invalid_token"),
        (f"{head}.{body}", "invalid_token"),
        (f"{head}.{body}.", "invalid_token"),
        (f"{head}.{encoded(claims(sub='43'))}.{signature}", "invalid_token"),
        (f"{good}.{signature}", "invalid_token"),
        ("..", "invalid_token"),
        ("x" * 10_000, "invalid_token"),
        (signed([]), "invalid_token"),
        (signed(claims(exp=None)), "invalid_token"),
        (signed(claims(exp="tomorrow")), "invalid_token"),
        (signed(claims(exp=now)), "token_expired"),
        (signed(claims(exp=0)), "token_expired"),
        (signed(claims(nbf=now + 60)), "invalid_token"),
        (signed(claims(sub=None)), "invalid_user_id"),
        *((signed(claims(sub=sub)), "invalid_user_id") for sub in BAD_USERS + NO_TEXTS),
    ]:
        header = {"Authorization": f"Bearer {token}"}
        await PLAIN.refuses("/ws", 401, code, shown(token), additional_headers=header)


async def audience_and_issuer_count_where_they_are_configured():
    for others in (
        {},
        {**ISSUED, "aud": "another"},
        {**ISSUED, "aud": []},
        {**ISSUED, "iss": "https://evil.example"},
        {"aud": "school"},
    ):
        header = {"Authorization": signed(claims(**others))}
        await TUNED.refuses("/ws", 401, "invalid_token", additional_headers=header)
    for others in (ISSUED, {**ISSUED, "aud": ["another", "school"]}):
        client = await TUNED.open("/ws/connect", token=signed(claims(**others)))
        await client.silent()
        await client.close()
    # Where no audience is configured, any will do.
    await (await PLAIN.open(token=signed(claims(**ISSUED)))).silent()


async def good_tokens_name_their_user():
    for names, user in [
        ({"sub": "x" * 128}, "x" * 128),
        ({"sub": "a_b-c@d+e=f~g|h"}, "a_b-c@d+e=f~g|h"),
        ({"sub": 42}, "42"),
        ({"sub": None, "user_id": "43"}, "43"),
        ({"sub": "44", "user_id": "43"}, "44"),
    ]:
        client = await PLAIN.open(token=signed(claims(**names)))
        equal(await client.subscribe("ws:{user_id}"), [f"ws:{user}"], f"the user of {names}")
        await client.close()


async def a_claim_lets_one_into_a_project():
    rooms = {"rooms": ["project:p-2"]}
    client = await TUNED.open("/ws/connect", token=signed(claims(sub="rita", **ISSUED, **rooms)))
    equal(await client.subscribe("project:p-2"), ["project:p-2"], "a project that is granted")
    joined = await client.moved("rita", "joined")
    equal(joined["project_id"], "p-2", "who joins joins a project")
    heard = await client.ask({"type": "publish", "topic": "project:p-2", "data": {"n": 1}})
    told = (heard["type"], heard["project_id"], heard["data"], heard["user_id"])
    equal(told, ("chat", "p-2", {"n": 1}, "rita"), "a message to a project")
    for topic in ("project:p-3", "room:maths"):
        await client.fails({"type": "subscribe", "topics": [topic]}, "forbidden")


run(
    bad_tokens_are_refused,
    audience_and_issuer_count_where_they_are_configured,
    good_tokens_name_their_user,
    a_claim_lets_one_into_a_project,
)
