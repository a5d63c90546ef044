import re
import sys
import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


def slug(title: str) -> str:
    decomposed = unicodedata.normalize("NFD", title.lower().translate(LIGATURES))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


sys.stdin.reconfigure(encoding="utf-8")
for line in sys.stdin:
    print(slug(line))
