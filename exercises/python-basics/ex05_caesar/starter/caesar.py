import sys


def encrypt(text: str, shift: int) -> str:
    """Return the text with every letter moved forward by the shift."""
    raise NotImplementedError


shift = int(sys.stdin.readline())
for line in sys.stdin:
    print(encrypt(line.rstrip("\n"), shift))
