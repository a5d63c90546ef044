"""Frames that no client sends: each has its documented answer, and the daemon goes on as before."""

import os
import struct
import threading
import zlib

from client import PLAIN, Deviation, equal, expect, run
from raw import BINARY, CLOSE, FIN, PING, PONG, RSV1, TEXT, Raw, masked, unmasked

KIB = 1024
CLEAR = bytes(4)
PROTOCOL, UTF8, LARGE = (1002, "protocol_error"), (1007, "invalid_utf8"), (1009, "too_large")
# Codes that no close frame may have: RFC 6455, section 7.4.
NO_CODES = (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)
DEFLATED = zlib.compress(b'{"type":"ping"}', wbits=-15)
EURO = "€".encode()

HOSTILE = {
    "invalid UTF-8": (UTF8, masked(FIN | TEXT, b'{"type":"\xff"}')),
    "an overlong encoding": (UTF8, masked(FIN | TEXT, b"\xc0\xaf")),
    "a surrogate": (UTF8, masked(FIN | TEXT, b"\xed\xa0\x80")),
    "text that ends within a character": (UTF8, masked(FIN | TEXT, EURO[:2])),
    "invalid UTF-8 over two fragments": (UTF8, masked(TEXT, EURO[:2]) + masked(FIN, b"x")),
    "a compressed frame": (PROTOCOL, masked(FIN | RSV1 | TEXT, DEFLATED)),
    "the second reserved bit": (PROTOCOL, masked(FIN | 0x20 | TEXT, b"{}")),
    "the third reserved bit": (PROTOCOL, masked(FIN | 0x10 | TEXT, b"{}")),
    "a frame without a mask": (PROTOCOL, unmasked(FIN | TEXT, b"{}")),
    "a ping without a mask": (PROTOCOL, unmasked(FIN | PING)),
    "a reserved opcode": (PROTOCOL, masked(FIN | 0x3, b"{}")),
    "a reserved control opcode": (PROTOCOL, masked(FIN | 0xB)),
    "a ping that is too long": (PROTOCOL, masked(FIN | PING, b"x" * 126)),
    "a ping in fragments": (PROTOCOL, masked(PING, b"x")),
    "a close that is too long": (PROTOCOL, masked(FIN | CLOSE, struct.pack(">H", 1000) + b"x" * 124)),
    "a close of one byte": (PROTOCOL, masked(FIN | CLOSE, b"\x03")),
    "a close whose reason is no text": (UTF8, masked(FIN | CLOSE, struct.pack(">H", 1000) + b"\xff")),
    **{f"a close with {code}": (PROTOCOL, masked(FIN | CLOSE, struct.pack(">H", code))) for code in NO_CODES},
    "a fragment of nothing": (PROTOCOL, masked(FIN, b"{}")),
    "a message within a message": (PROTOCOL, masked(TEXT, b"{") + masked(FIN | TEXT, b"{}")),
    "binary": ((1003, "binary_frame"), masked(FIN | BINARY, b"{}")),
    "64 KiB and a byte": (LARGE, masked(FIN | TEXT, b" " * (64 * KIB + 1), CLEAR)),
    "what claims to be 4 EiB": (LARGE, bytes([FIN | TEXT, 0xFF]) + struct.pack(">Q", 1 << 62) + CLEAR),
}


def each_is_closed_with_its_code():
    deviations = []
    for what, ((code, name), frames) in HOSTILE.items():
        with Raw(PLAIN).open("hostile") as raw:
            raw.send(frames)
            try:
                raw.closes(code, name, what)
            except Deviation as deviation:
                deviations.append(str(deviation))
    expect(not deviations, "\n".join(deviations))


def a_flood_of_fragments_is_cut_off():
    with Raw(PLAIN).open("flood") as raw:
        flood = masked(TEXT, b"[", CLEAR) + masked(0, b" " * 100, CLEAR) * 40_000
        sending = threading.Thread(target=raw.send, args=(flood,))
        sending.start()
        raw.closes(*LARGE, "a flood of fragments")
        sending.join()


def what_is_allowed_is_answered():
    ping = b'{"type":"ping"}'
    with Raw(PLAIN).open("allowed") as raw:
        raw.send(masked(FIN | TEXT, ping + b" " * (64 * KIB - len(ping)), CLEAR))
        equal(raw.json(), {"type": "pong"}, "a frame of 64 KiB")
        # A control frame may come between fragments, and a fragment may end within a character.
        text = '{"type":"€"}'.encode()
        raw.send(masked(TEXT, text[:10]), masked(FIN | PING, b"x" * 125), masked(FIN, text[10:]))
        equal(raw.frame(), (PONG, b"x" * 125), "a ping of 125 bytes is answered in kind")
        equal(raw.json()["code"], "unknown_type", "a message in two fragments")
        raw.send(masked(FIN | PONG, b"nobody asked"), masked(FIN | TEXT, ping))
        equal(raw.json(), {"type": "pong"}, "a pong that nobody asked for is passed over")
        raw.send(masked(FIN | CLOSE, struct.pack(">H", 1000)))
        equal(raw.frame(), (CLOSE, struct.pack(">H", 1000)), "a close is answered in kind")
        equal(raw.read.read(), b"", "nothing follows the close")


def memory_is_flat():
    """Rounds of everything above leave nothing behind."""
    for _ in range(2):
        each_is_closed_with_its_code()
        a_flood_of_fragments_is_cut_off()
    before = resident()
    for _ in range(5):
        each_is_closed_with_its_code()
        a_flood_of_fragments_is_cut_off()
    grown = resident() - before
    expect(grown < 4 * KIB * KIB, f"five rounds cost {grown} bytes")
    print(f"five rounds of hostile frames: {grown // KIB} KiB more resident")


def resident():
    with open(f"/proc/{os.environ['FOREIGN_PLAIN_PID']}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


run(
    each_is_closed_with_its_code,
    a_flood_of_fragments_is_cut_off,
    what_is_allowed_is_answered,
    memory_is_flat,
)
