"""`mithril schema` in a foreign validator: it accepts every file of exercises/ and refuses unknown keys,
and of messages what is broken. Every frame of the clients in Python is held against it besides.

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


POSITION = {"epoch": "e", "offset": 1}
STAMP = {"message_id": "1", "timestamp": "2026-01-01T00:00:00.000Z"}
MESSAGES = {
    "protocol": {
        "Request": {"type": "request", "subject": "exercise.get", "data": {}, "request_id": "1"},
        "Subscribe": {"type": "subscribe", "topics": ["ws:42"], "recover": {"ws:42": POSITION, "room:a": "cursor"}},
        "Publish": {"type": "publish", "topic": "room:a", "data": {"text": "hello"}},
        "Response": {"type": "response", "request_id": "1", "data": {}},
        "Event": {"type": "event", "subject": "ws:42", "data": "x", **POSITION},
        "RoomMessage": {"type": "chat", "room": "a", "data": {}, "user_id": "42", **STAMP},
        "Movement": {"type": "user_left", "room": "a", "data": {"user_id": "42", "action": "left"}},
        "Gap": {"type": "gap", "topics": ["room:a"]},
    },
    "envelope": {
        "Broadcast": {"type": "graded", "data": {"points": 80}, "user_id": "42", "source": "x"},
        "Notification": {"event": "graded", "correlation_id": "1", "timestamp": STAMP["timestamp"], "data": {}},
        "Live": {**STAMP, "data": {}, **POSITION},
    },
}


def check_messages():
    """Each fits; without what is required, and with values of another type, none does."""
    for of, examples in MESSAGES.items():
        whole = schema(of)
        for name, example in examples.items():
            one = {**whole.schema, "anyOf": [{"$ref": f"#/definitions/{name}"}]}
            validator = jsonschema.Draft7Validator(one)
            expect(whole.is_valid(example) and validator.is_valid(example), f"{name}: {example}")
            for key in one["definitions"][name]["required"]:
                missing = {k: v for k, v in example.items() if k != key}
                expect(not validator.is_valid(missing), f"{name} without {key}")
            for key in example.keys() & one["definitions"][name]["properties"].keys() - {"data"}:
                expect(not validator.is_valid({**example, key: [[]]}), f"{name} with another {key}")


def main():
    check_messages()
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
