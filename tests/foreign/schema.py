"""`mithril schema` in a foreign validator: it accepts every file of exercises/ and refuses unknown keys.

usage: schema.py MITHRIL
"""

import copy
import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml


def schema(of):
    text = subprocess.run([sys.argv[1], "schema", of], check=True, capture_output=True).stdout
    value = json.loads(text)
    jsonschema.Draft7Validator.check_schema(value)
    return jsonschema.Draft7Validator(value)


def expect(condition, what):
    if not condition:
        raise SystemExit(f"deviation: {what}")


def main():
    files = 0
    for of in ("exercise", "pool"):
        validator = schema(of)
        for path in sorted(pathlib.Path("exercises").rglob(f"{of}.yaml")):
            value = yaml.safe_load(path.read_text(encoding="utf-8"))
            for error in validator.iter_errors(value):
                expect(False, f"{path}: {error.message}")
            unknown = copy.deepcopy(value)
            unknown["titel"] = "x"
            expect(not validator.is_valid(unknown), f"{path}: an unknown key is refused")
            for key in ("title", "name"):
                if key in value:
                    missing = {k: v for k, v in value.items() if k != key}
                    expect(not validator.is_valid(missing), f"{path}: a missing {key} is refused")
            if value.get("tests"):
                broken = copy.deepcopy(value)
                broken["tests"][0]["tiemout"] = 5
                expect(not validator.is_valid(broken), f"{path}: an unknown key of a test is refused")
            files += 1
    expect(files > 20, f"only {files} files were found")
    print(f"{files} files")


main()
