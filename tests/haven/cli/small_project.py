"""A project with a program of a few resources, for tests of the command line."""

from collections.abc import Callable
from pathlib import Path

PROJECT = """
name: shop
main: program/
stackConfigDir: stacks
config:
  shop:size: {type: integer, default: 3}
"""

PROGRAM = """
import pulumi
print("a program may print")
config = pulumi.Config("haven")
tier = config.require("tier")

class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("haven:index:Part", name, {})
        inputs = {"password": pulumi.Output.secret("hush-hush"), "tier": tier, "tag": config.get("tag")}
        pulumi.CustomResource("aws:s3/bucket:Bucket", f"{name}-bucket", inputs, pulumi.ResourceOptions(parent=self))

Part("part")
if tier == "active-active":
    pulumi.CustomResource("aws:sqs/queue:Queue", "queue", {})
for name, value in {
    "tier": tier,
    "active": "eu-west-1",
    "regions": {"primary": "eu-west-1", "recovery": "eu-central-1"},
    "objectives": config.get_object("objectives") or {},
    "systems": config.get_object("systems") or {},
}.items():
    pulumi.export(name, value)
"""

Run = Callable[..., tuple[int, str, str]]
"""Runs the tool; gives exit code, standard output and standard error."""


def write_stack(project: Path, name: str, *lines: str) -> None:
    (project / "stacks" / f"Pulumi.{name}.yaml").write_text("\n  ".join(["config:", *lines]))


def replace_program(project: Path, source: str) -> None:
    (project / "program" / "__main__.py").write_text(source)
