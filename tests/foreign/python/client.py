"""A client of the gateway, with the `websockets` package, and the daemons it talks to.

`run` starts the daemons and says in the environment where they are. Tokens are minted by the real
command, and noted for the search of the logs.
"""

import asyncio
import base64
import functools
import hmac
import itertools
import json
import os
import subprocess
import sys
import traceback
from inspect import iscoroutinefunction as is_async

import jsonschema
import websockets
from websockets.asyncio.client import connect

DEADLINE = 10
HERE = os.path.dirname(__file__)
CLASSIC, V1 = "mithril.classic", "mithril.v1"

# Each attempt that is to fail comes from an address of its own: failures are counted by address.
_addresses = (f"127.0.{n // 250}.{n % 250 + 2}" for n in itertools.count(os.getpid() % 1000 * 50))


class Deviation(Exception):
    """The daemon does not do as PROTOCOL says."""


def expect(condition, what):
    if not condition:
        raise Deviation(what)


def equal(got, wanted, what):
    expect(got == wanted, f"{what}: {got!r} instead of {wanted!r}")


def note(token):
    """What no log may hold."""
    with open(os.environ["FOREIGN_SECRETS"], "a", encoding="utf-8") as secrets:
        secrets.writelines(f"{part}\n" for part in token.split(".")[1:] if len(part) > 8)


@functools.cache
def messages():
    """What `mithril schema protocol` says of a frame that a client is sent."""
    command = [os.environ["FOREIGN_MITHRIL"], "schema", "protocol"]
    schema = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    schema["anyOf"] = [{"$ref": "#/definitions/ServerMessage"}]
    own = schema["definitions"]["Notice"]["properties"]["type"]["not"]["enum"]
    return jsonschema.Draft7Validator(schema), own


def described(frame, dialect):
    """In the classic dialect what a service publishes comes as it is, and the rest is known."""
    validator, own = messages()
    if dialect == V1 or isinstance(frame, dict) and frame.get("type") in own:
        expect(validator.is_valid(frame), f"the schema knows no {frame}")
    return frame


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Daemon:
    """A daemon that runs, by the name of its configuration file."""

    def __init__(self, name):
        self.config = os.path.join(HERE, "..", f"{name}.toml")
        self.name = name

    @property
    def address(self):
        host, port = os.environ[f"FOREIGN_{self.name.upper()}"].split(":")
        return host, int(port)

    @property
    def url(self):
        base = {"plain": "", "tuned": "/api/chat-api"}[self.name]
        return "ws://{}:{}{}".format(*self.address, base)

    def mint(self, user, *flags):
        command = [os.environ["FOREIGN_MITHRIL"], "token", "mint", "--config", self.config]
        minted = subprocess.run([*command, *flags, user], check=True, capture_output=True, text=True)
        token = minted.stdout.strip()
        note(token)
        return token

    def expired(self, user):
        """A token whose time is over, which `mint` does not make."""
        head, claims, _ = self.mint(user).split(".")
        claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
        claims = encoded(json.dumps({**claims, "exp": claims["iat"] - 60}).encode())
        signed = f"{head}.{claims}"
        key = os.environ["JWT_SECRET_KEY"].encode()
        token = f"{signed}.{encoded(hmac.digest(key, signed.encode(), 'sha256'))}"
        note(token)
        return token

    async def open(self, path="/ws", user=None, token=None, dialect=None, **options):
        """A socket of this user, or with this token, in the header."""
        token = token or (user and self.mint(user))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if dialect:
            options["subprotocols"] = [dialect]
        return await self.open_with(path, additional_headers=headers, **options)

    async def open_with(self, path, **options):
        options = {"proxy": None, "open_timeout": DEADLINE, **options}
        return Client(await connect(self.url + path, **options))

    async def refuses(self, path, status, code, what=None, **options):
        """The upgrade is answered with this status, and JSON with this code."""
        what = what or path
        source = (next(_addresses), 0)
        try:
            client = await self.open_with(path, local_addr=source, **options)
        except websockets.InvalidStatus as refusal:
            answer = refusal.response
            body = json.loads(answer.body)
            equal((answer.status_code, body["code"]), (status, code), f"the refusal of {what}")
            expect(body["error"] and set(body) == {"error", "code"}, f"the body is {body}")
            return answer
        await client.close()
        raise Deviation(f"{what} is opened, {code} was due")


class Client:
    """One socket; frames are dictionaries."""

    def __init__(self, socket):
        self.socket = socket
        self.dialect = socket.subprotocol
        self.deadline = DEADLINE

    async def send(self, frame):
        await self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def receive(self):
        text = await asyncio.wait_for(self.socket.recv(), self.deadline)
        expect(isinstance(text, str), "frames are text")
        return described(json.loads(text), self.dialect)

    async def ask(self, frame):
        """The next frame, whatever it is."""
        await self.send(frame)
        return await self.receive()

    async def answer(self, frame):
        """The frame that carries the request's id back; what comes before it is passed over."""
        await self.send({"request_id": "r", **frame})
        while True:
            frame = await self.receive()
            if frame.get("request_id") == "r":
                return frame

    async def request(self, subject, data):
        return await self.answer({"type": "request", "subject": subject, "data": data})

    async def subscribe(self, *topics):
        answer = await self.answer({"type": "subscribe", "topics": topics})
        equal(answer["data"]["rejected"], [], "nothing is rejected")
        return [one["topic"] for one in answer["data"]["subscribed"]]

    async def follows(self):
        """What the socket was subscribed to unasked: its user, and the room of its route."""
        own = ["ws:{user_id}", "room:hall"]
        answer = await self.answer({"type": "unsubscribe", "topics": own})
        return answer["data"]["unsubscribed"]

    async def fails(self, frame, code):
        """The next frame is an error with this code."""
        error = await self.ask(frame)
        equal((error["type"], error.get("code")), ("error", code), f"the answer to {frame}")
        return error

    async def moved(self, user, action):
        """The next frame says that this user has joined or left."""
        frame = await self.receive()
        wanted = (f"user_{action}", {"user_id": user, "action": action})
        equal((frame["type"], frame.get("data")), wanted, f"{user} has {action}")
        return frame

    async def silent(self):
        """Nothing was sent to this socket: the next frame is the answer to a ping."""
        pong = await self.ask({"type": "ping"})
        equal(pong["type"], "pong", f"nothing comes before the pong: {pong}")
        return pong

    async def closed(self):
        """Code and reason of the close that comes, after whatever comes before."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), self.deadline)
        except websockets.ConnectionClosed as close:
            expect(close.rcvd is not None, "there is a close frame")
            expect(len(close.rcvd.reason.encode()) <= 123, "the reason fits a control frame")
            return close.rcvd.code, json.loads(close.rcvd.reason)

    async def close(self):
        await self.socket.close()


def run(*tests):
    """Runs all, each with an end; those that fail are named, and the process ends with 1."""
    failed = 0
    for test in tests:
        try:
            asyncio.run(asyncio.wait_for(test(), 6 * DEADLINE)) if is_async(test) else test()
        except Exception as error:
            failed += 1
            where = [frame for frame in traceback.extract_tb(error.__traceback__) if HERE in frame.filename]
            lines = " < ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in where[::-1])
            print(f"{test.__name__}: {error!r} at {lines}", file=sys.stderr)
    sys.exit(failed > 0)


PLAIN, TUNED = Daemon("plain"), Daemon("tuned")
