import sys

rows = [line.split() for line in sys.stdin if line.strip()]
path: list[str] = []
while rows:
    # Take the top row, then turn the rest a quarter to the left.
    path += rows.pop(0)
    rows = [list(column) for column in zip(*rows)][::-1]
print(*path)
