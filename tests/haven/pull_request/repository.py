"""Git repositories made for one test, untouched by the settings of whoever runs it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
}

Edit = Callable[[Path], object]

PROJECT = """
name: shop
main: program/
stackConfigDir: stacks
"""

PROGRAM = """
import pulumi

config = pulumi.Config("haven")
regions = config.require_object("regions")


class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("haven:index:Part", name, {})
        inputs = {"tier": config.require("tier"), "password": pulumi.Output.secret(config.get("password") or "hush")}
        mine = pulumi.ResourceOptions(parent=self)
        pulumi.CustomResource("aws:sqs/queue:Queue", f"{name}-queue", inputs, mine)


Part("part")
for number in range(config.get_int("buckets") or 0):
    kept = pulumi.ResourceOptions(protect=True)
    pulumi.CustomResource("aws:s3/bucket:Bucket", f"bucket-{number}", {"bucket": f"bucket-{number}"}, kept)
for key, value in {"tier": config.require("tier"), "regions": regions, "active": regions["primary"]}.items():
    pulumi.export(key, value)
"""

STACK = """
config:
  haven:account: "210987654321"
  haven:tier: warm
  haven:regions: {primary: eu-west-1, recovery: eu-central-1}
"""


def git(directory: Path, *words: str) -> str:
    """What git prints."""
    environment = {**os.environ, **ALONE}
    done = subprocess.run(["git", *words], cwd=directory, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make(directory: Path) -> Path:
    """A repository of a small project, with one commit on its branch `main` and the branch `change` checked out."""
    (directory / "program").mkdir(parents=True)
    (directory / "stacks").mkdir()
    (directory / "Pulumi.yaml").write_text(PROJECT)
    (directory / "program" / "__main__.py").write_text(PROGRAM)
    for name in ("one", "two"):
        stack_file(directory, name).write_text(STACK)
    return commit_all(directory)


def commit_all(directory: Path) -> Path:
    """Make a repository of what lies there."""
    git(directory, "init", "--quiet", "--initial-branch=main")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message=as it is")
    git(directory, "checkout", "--quiet", "-b", "change")
    return directory


def stack_file(directory: Path, name: str) -> Path:
    return directory / "stacks" / f"Pulumi.{name}.yaml"


def edit(file: Path, old: str, new: str) -> None:
    """Change a text that is there once."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
