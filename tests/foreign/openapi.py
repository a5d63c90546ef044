"""The description in a foreign validator, and foreign eyes on what it promises: an answer fits its schema.

usage: openapi.py URL TOKEN
"""

import json
import sys
import urllib.error
import urllib.request

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate


def expect(condition, what):
    if not condition:
        raise SystemExit(f"deviation: {what}")


def ask(path, method="GET", body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(sys.argv[1] + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def main():
    status, _, text = ask("/openapi.json")
    expect(status == 200, "the description is there")
    document = json.loads(text)
    validate(document)

    def fits(path, method, status, body):
        response = document["paths"][path][method]["responses"][str(status)]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        schema = response["content"]["application/json"]["schema"]
        # The references of the schema are into the document.
        schema = {**schema, "components": document["components"]}
        for error in Draft202012Validator(schema).iter_errors(json.loads(body)):
            expect(False, f"{method} {path} {status}: {error.message}")

    token = {"Authorization": "Bearer " + sys.argv[2]}
    answers = 0
    pools = json.loads(ask("/api/v1/pools", **token)[2])["pools"]
    expect(len(pools) > 0, "there are pools")
    pool, exercise = pools[0]["id"], pools[0]["exercises"][0]
    for path, real, method, body in (
        ("/api/v1/pools", "/api/v1/pools", "get", None),
        ("/api/v1/pools/{id}", f"/api/v1/pools/{pool}", "get", None),
        ("/api/v1/pools/{id}/exercises", f"/api/v1/pools/{pool}/exercises", "get", None),
        ("/api/v1/exercises/{id}", f"/api/v1/exercises/{exercise}", "get", None),
        ("/api/v1/exercises/{id}/launch", f"/api/v1/exercises/{exercise}/launch", "post", {}),
        ("/api/v1/presence/{topic}", "/api/v1/presence/room:foreign", "get", None),
    ):
        status, headers, text = ask(real, method.upper(), body, **token)
        expect(status == 200, f"{real}: {status}")
        fits(path, method, 200, text)
        if tag := headers["ETag"]:
            status, _, text = ask(real, If_None_Match=f'"other", W/{tag}', **token)
            expect((status, text) == (304, b""), f"{real}: known, and {status}")
        status, _, text = ask(real, method.upper(), body)
        expect(status == 401, f"{real} without a token: {status}")
        fits(path, method, 401, text)
        answers += 2
    status, _, text = ask("/api/v1/disconnect", "POST", {"user_id": "dev"}, **token)
    expect(status == 403, f"a token without the scope: {status}")
    fits("/api/v1/disconnect", "post", 403, text)
    print(f"{answers + 1} answers")


main()
