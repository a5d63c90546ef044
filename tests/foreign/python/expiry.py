"""A token that ends and is not renewed ends the socket, after a while in which events still come.

The while is 25 seconds, so `run` has this beside everything else.
"""

import asyncio
import base64
import json
import time

from client import PLAIN, V1, equal, expect, run

GRACE = 25
# Later than the grace by less than anything else that a connection waits for.
PATIENCE = 5


def end_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))["exp"]


async def an_expired_token_is_good_for_nothing_but_a_refresh():
    token = PLAIN.mint("mayfly", "--ttl", "3s")
    mayfly = await PLAIN.open("/ws/pond", token=token)
    renewed = await PLAIN.open("/ws/connect", token=token, dialect=V1)
    await mayfly.moved("mayfly", "joined")
    for client in (mayfly, renewed):
        await client.silent()
    await asyncio.sleep(end_of(token) - time.time())
    for client in (mayfly, renewed):
        await client.fails({"type": "ping"}, "auth_failed")
        error = await client.answer({"type": "request", "subject": "exercise.pool.list"})
        equal((error["type"], error["code"]), ("error", "auth_failed"), "a request after the end")
    await mayfly.fails({"type": "chat", "data": "buzz"}, "auth_failed")

    answer = await renewed.ask({"type": "auth", "token": PLAIN.mint("mayfly")})
    equal(answer["type"], "auth_success", "a refresh after the end")
    await renewed.silent()
    frog = await PLAIN.open("/ws/pond", user="frog")
    await mayfly.moved("frog", "joined")
    await frog.send({"data": "croak"})
    equal((await mayfly.receive())["data"], "croak", "events flow")

    mayfly.deadline = GRACE + 10
    equal(await mayfly.closed(), (1008, {"code": "token_expired"}), "the end of the socket")
    late = time.time() - end_of(token)
    expect(GRACE <= late < GRACE + PATIENCE, f"the socket ends {late:.1f} s after its token")
    await renewed.silent()


run(an_expired_token_is_good_for_nothing_but_a_refresh)
