import re
import sys
from collections import Counter

words = re.findall(r"[a-z]+(?:'[a-z]+)*", sys.stdin.read().lower())
ranking = sorted(Counter(words).items(), key=lambda entry: (-entry[1], entry[0]))
for word, count in ranking:
    print(count, word)
