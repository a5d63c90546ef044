"""A daemon that is asked to stop says goodbye to all, and when to come back.

usage: drain.py PID     of the tuned daemon, which is to be waited for afterwards
"""

import os
import signal
import sys

from client import TUNED, equal, expect, run


async def all_are_told_when_to_come_back():
    known = [await TUNED.open("/ws/connect", user=f"guest-{n}") for n in range(3)]
    stranger = await TUNED.open("/ws/connect")
    equal((await stranger.receive())["type"], "auth_required", "a stranger is asked who it is")
    os.kill(int(sys.argv[1]), signal.SIGTERM)
    for client in (*known, stranger):
        code, reason = await client.closed()
        equal((code, reason["code"]), (1012, "draining"), "the goodbye")
        expect(100 <= reason["retry_after_ms"] <= 1_000, f"a while at random: {reason}")


run(all_are_told_when_to_come_back)
