"""What is counted by address: connects behind a proxy, and tokens that prove nothing."""

import json

from client import PLAIN, TUNED, equal, expect, run
from raw import Raw

BURST, FAILURES = 5, 10
TOO_MANY = (429, "too_many_connects")


def upgrade(daemon, target, *lines, source="127.0.0.1"):
    with Raw(daemon, source) as raw:
        status, _, body = raw.upgrade(target, *lines)
        return status, json.loads(body)["code"] if body else None


def connects_are_counted_by_the_address_behind_the_proxy():
    token = f"Authorization: {TUNED.mint('proxied')}"

    def come(address):
        # What the client itself said stands on the left, and counts for nothing.
        line = f"X-Forwarded-For: 127.0.0.1, {address}, 127.0.0.9"
        return upgrade(TUNED, "/api/chat-api/ws/connect", token, line)

    def fill(addresses):
        answers = [come(address) for address in addresses]
        equal(answers[:BURST], [(101, None)] * BURST, "a burst is let in")
        equal(set(answers[BURST:]) - {(101, None)}, {TOO_MANY}, "what is more is refused")

    fill(["203.0.113.7"] * 4 * BURST)
    equal(come("203.0.113.8"), (101, None), "another address has its own")
    # Of IPv6 a network of 64 bits is one address.
    fill([f"2001:db8:0:1::{n}" for n in range(4 * BURST)])
    equal(come("2001:db8:0:2::1"), (101, None), "another network has its own")
    for _ in range(4 * BURST):
        equal(upgrade(TUNED, "/api/chat-api/ws/connect", token)[0], 101, "this machine has no limit")


def tokens_that_prove_nothing_are_looked_at_so_often():
    good = f"Authorization: {PLAIN.mint('guesser')}"
    answers = [upgrade(PLAIN, "/ws", "Authorization: x", source="127.2.0.1") for _ in range(40)]
    equal(answers[:FAILURES], [(401, "invalid_token")] * FAILURES, "guesses are refused")
    expect(TOO_MANY in answers[FAILURES:], f"what is more is not looked at: {answers}")
    equal(upgrade(PLAIN, "/ws", good, source="127.2.0.2"), (101, None), "another address")


run(
    connects_are_counted_by_the_address_behind_the_proxy,
    tokens_that_prove_nothing_are_looked_at_so_often,
)
