import sys


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


for line in sys.stdin:
    year = int(line)
    print(year, "leap" if is_leap(year) else "common")
