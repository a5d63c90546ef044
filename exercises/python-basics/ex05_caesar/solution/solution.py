import sys
from string import ascii_lowercase, ascii_uppercase


def rotated(alphabet: str, shift: int) -> str:
    start = shift % len(alphabet)
    return alphabet[start:] + alphabet[:start]


def encrypt(text: str, shift: int) -> str:
    table = str.maketrans(
        ascii_lowercase + ascii_uppercase,
        rotated(ascii_lowercase, shift) + rotated(ascii_uppercase, shift),
    )
    return text.translate(table)


shift = int(sys.stdin.readline())
for line in sys.stdin:
    print(encrypt(line.rstrip("\n"), shift))
