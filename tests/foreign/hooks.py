"""The README's blocks for pre-commit and GitHub, and the hooks, by those who read them.

usage: hooks.py MITHRIL
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

README = pathlib.Path("README.md").read_text(encoding="utf-8")
HOOKS = pathlib.Path(".pre-commit-hooks.yaml").absolute()


def run(*command, cwd=None, **options):
    ran = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, **options)
    return ran.returncode, ran.stdout + ran.stderr


def expect(condition, what):
    if not condition:
        raise SystemExit(f"deviation: {what}")


def block(having):
    blocks = re.findall(r"```yaml\n(.*?)```", README, re.S)
    return next(text for text in blocks if having in text)


def main():
    mithril = pathlib.Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        workflow = place / "workflow.yml"
        workflow.write_text(block("jobs:"))
        checked = run("check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow))
        expect(checked[0] == 0, checked[1])
        config = place / ".pre-commit-config.yaml"
        config.write_text(block("rev:"))
        for arguments in (["validate-manifest", str(HOOKS)], ["validate-config", str(config)]):
            checked = run("pre_commit", *arguments)
            expect(checked[0] == 0, checked[1])

        # The hooks themselves, with this binary instead of one that is built for them.
        hooks = yaml.safe_load(HOOKS.read_text())
        for hook in hooks:
            hook["language"] = "system"
        config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
        environment = {
            "PATH": f"{mithril.parent}:{os.environ['PATH']}",
            "HOME": directory,
            "PRE_COMMIT_HOME": str(place / ".cache"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        for command in (["git", "init", "-q"], [mithril, "new", "pool", "p"], ["git", "add", "-A"]):
            subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
        code, told = run("pre_commit", "run", cwd=place, env=environment)
        expect(code == 0 and told.count("Passed") == len(hooks), told)
        (place / "exercises/p/pool.yaml").write_text("slug: p\nnaem: P\n")
        subprocess.run(["git", "add", "-A"], cwd=place, env=environment, check=True)
        code, told = run("pre_commit", "run", cwd=place, env=environment)
        expect(code == 1 and told.count("Failed") == len(hooks) and "S101" in told, told)
        subprocess.run(["git", "reset", "-q"], cwd=place, env=environment, check=True)
        (place / "notes.txt").write_text("x\n")
        subprocess.run(["git", "add", "notes.txt"], cwd=place, env=environment, check=True)
        code, told = run("pre_commit", "run", cwd=place, env=environment)
        expect(code == 0 and told.count("Skipped") == len(hooks), told)
    print(f"{len(hooks)} hooks")


main()
