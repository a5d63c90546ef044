import sys


def fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32


for line in sys.stdin:
    if line.strip():
        print(f"{fahrenheit(float(line)):.1f}")
