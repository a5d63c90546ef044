"""Evaluate the expression in the file sys.argv[1] for each word of the input."""

import sys

with open(sys.argv[1], encoding="utf-8") as answer:
    expression = compile(answer.read().strip(), "<answer>", "eval")

for line in sys.stdin:
    print(eval(expression, {"__builtins__": {}}, {"word": line.rstrip("\n")}))
