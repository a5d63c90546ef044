"""`mithril lint --format sarif` and `junit` in foreign readers: they know every key, and read what the
JSON report says.

usage: reports.py MITHRIL
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import junitparser
import pydantic
import sarif_pydantic

# What the standard has (3.14.17) and the reader does not tell apart from a misspelt key.
UNTOLD = {"log.runs.columnKind"}
FIXTURES = pathlib.Path("tests/fixtures/rules")


def expect(condition, what):
    if not condition:
        raise SystemExit(f"deviation: {what}")


def strange(model, at="log"):
    """The keys that the reader keeps and does not know."""
    for key in model.model_extra or {}:
        yield f"{at}.{key}"
    for name in type(model).model_fields:
        value = getattr(model, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, pydantic.BaseModel):
                yield from strange(item, f"{at}.{name}")


def check_sarif(text, problems):
    raw = json.loads(text)
    raw.pop("$schema")
    log = sarif_pydantic.Sarif.model_validate(raw)
    unknown = set(strange(log)) - UNTOLD
    expect(not unknown, f"SARIF knows no {sorted(unknown)}")
    (run,) = log.runs
    levels = {"error": "error", "warning": "warning", "info": "note"}
    expect(len(run.results) == len(problems), "a result for each problem")
    for result, problem in zip(run.results, problems):
        rule = run.tool.driver.rules[result.rule_index]
        expect(rule.id == result.rule_id == problem["code"], f"the rule of {problem}")
        expect(result.level.value == levels[problem["severity"]], f"the level of {problem}")
        region = result.locations[0].physical_location.region
        start, end = problem["span"]["start"], problem["span"]["end"]
        found = (region.start_line, region.start_column, region.end_line, region.end_column)
        expected = (start["line"], start["column"], end["line"], end["column"])
        expect(found == expected, f"the region of {problem}")
        edits = (problem["fix"] or {}).get("edits", [])
        fixes = [change for fix in result.fixes or [] for change in fix.artifact_changes]
        replaced = [edit.inserted_content.text for change in fixes for edit in change.replacements]
        expect(replaced == [edit["content"] for edit in edits], f"the fix of {problem}")


def check_junit(path, problems):
    suites = junitparser.JUnitXml.fromfile(str(path))
    cases = [case for suite in suites for case in suite]
    expect(suites.tests == suites.failures == len(cases) == len(problems), "a test for each problem")
    for case, problem in zip(cases, problems):
        expect(case.name.startswith(problem["code"]), f"the name of {problem}")
        expect(case.classname == problem["path"], f"the path of {problem}")
        expect(case.result[0].type == problem["severity"], f"the severity of {problem}")


def main():
    mithril = pathlib.Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        for fixture in FIXTURES.iterdir():
            shutil.copytree(fixture / "bad", directory / "all" / fixture.name, symlinks=True)
        formats = ["json=../json", "sarif=../sarif", "junit=../junit"]
        arguments = [part for name in formats for part in ("--format", name)]
        run = subprocess.run([mithril, "lint", "--quiet", *arguments, "."], cwd=directory / "all")
        expect(run.returncode == 1, "the fixtures have errors")
        problems = json.loads((directory / "json").read_text())["diagnostics"]
        expect(len(problems) > 70, f"only {len(problems)} problems were found")
        check_sarif((directory / "sarif").read_text(), problems)
        check_junit(directory / "junit", problems)
    print(f"{len(problems)} problems")


main()
