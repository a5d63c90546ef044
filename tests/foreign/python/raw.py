"""A socket of which every byte is the test's own: for what no client would send."""

import json
import os
import socket
import struct

from client import DEADLINE, equal, expect

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RSV1 = 0x80, 0x40


class Raw:
    def __init__(self, daemon, source="127.0.0.1"):
        self.daemon = daemon
        self.socket = socket.create_connection(daemon.address, DEADLINE, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.read.close()
        self.socket.close()

    def request(self, target, *lines, method="GET", version="HTTP/1.1"):
        """Sends a head; returns status, headers and body."""
        host = "{}:{}".format(*self.daemon.address)
        if not any(line.lower().startswith("host:") for line in lines):
            lines = (f"Host: {host}", *lines)
        head = "\r\n".join((f"{method} {target} {version}", *lines, "", ""))
        self.socket.sendall(head.encode())
        status = int(self.read.readline().split()[1])
        headers = {}
        while line := self.read.readline().strip().decode():
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        return status, headers, self.read.read(length)

    def upgrade(self, target, *lines):
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        wanted = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key)
        return self.request(target, *wanted, *lines)

    def open(self, user):
        """An open socket of this user that speaks v1, where nothing comes unasked."""
        token = f"Authorization: {self.daemon.mint(user)}"
        status, headers, body = self.upgrade("/ws", "Sec-WebSocket-Protocol: mithril.v1", token)
        equal(status, 101, f"the upgrade: {body}")
        accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        equal(headers["sec-websocket-accept"], accept, "the key is answered")
        expect("sec-websocket-extensions" not in headers, "nothing is negotiated")
        return self

    def send(self, *frames):
        """Sends these bytes; a daemon that has closed meanwhile may not take them."""
        try:
            self.socket.sendall(b"".join(frames))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def frame(self):
        """The next frame of the daemon, which never masks, fragments or compresses."""
        first, length = self.read.read(2)
        expect(first & 0x70 == 0 and first & FIN and length < 0x80, "the frame is plain")
        if length == 126:
            (length,) = struct.unpack(">H", self.read.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.read.read(8))
        return first & 0x0F, self.read.read(length)

    def json(self):
        opcode, payload = self.frame()
        equal(opcode, TEXT, f"a text frame comes: {payload}")
        return json.loads(payload)

    def closes(self, code, name, what):
        """The next frame is a close with this code; then the connection ends."""
        opcode, payload = self.frame()
        equal(opcode, CLOSE, f"{what} is closed, not answered with {payload[:200]}")
        (got,) = struct.unpack(">H", payload[:2])
        try:
            reason = json.loads(payload[2:])
        except ValueError:
            reason = payload[2:]
        equal((got, reason), (code, {"code": name}), what)
        self.send(masked(FIN | CLOSE, payload[:2]))
        equal(self.read.read(), b"", f"nothing follows the close of {what}")


def masked(first, payload=b"", mask=None):
    mask = os.urandom(4) if mask is None else mask
    body = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload)) if any(mask) else payload
    return bytes([first]) + length_of(payload, 0x80) + mask + body


def unmasked(first, payload=b""):
    return bytes([first]) + length_of(payload, 0) + payload


def length_of(payload, bit):
    if len(payload) < 126:
        return bytes([bit | len(payload)])
    if len(payload) < 1 << 16:
        return bytes([bit | 126]) + struct.pack(">H", len(payload))
    return bytes([bit | 127]) + struct.pack(">Q", len(payload))
