"""The components, hosted by the Pulumi CLI for programs of any language."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven_components import COMPONENTS
from tests.engine.conftest import Engine
from tests.environments import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

PROGRAM = """
import pulumi
import pulumi_aws as aws
import pulumi_haven as haven

aws_here, aws_there = aws.Provider("here", region="eu-west-1"), aws.Provider("there", region="eu-central-1")
haven.MultiRegionKey(
    "shop-key",
    primary_region="eu-west-1",
    recovery_region={recovery!r},
    recovery_provider=aws_there,
    account_id={account!r},
    description="What the shop stores",
    opts=pulumi.ResourceOptions(providers=[aws_here]),
)
"""


def _shop(directory: Path, **values: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {toolchain: pip}}\n")
    (directory / "__main__.py").write_text(PROGRAM.format(**values))
    return directory


def _installed(sdk: Path, folder: Path) -> Path:
    """The generated SDK, installed into a folder without asking an index."""
    words = ["pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([Path(sys.executable).parent / "uv", *words, "--target", folder, sdk], check=True)
    return folder


def test_the_schema_of_the_components_names_each_of_them_with_its_required_arguments(
    engine: Engine, tmp_path: Path
) -> None:
    schema: dict[str, Any] = json.loads(engine.succeed("package", "get-schema", str(ROOT / "components"), cwd=tmp_path))
    assert set(schema["resources"]) == {f"haven:index:{each.__name__}" for each in COMPONENTS}
    key = schema["resources"]["haven:index:MultiRegionKey"]
    required = ["accountId", "description", "primaryRegion", "recoveryProvider", "recoveryRegion"]
    assert sorted(key["requiredInputs"]) == required
    assert key["inputProperties"]["recoveryRegion"]["description"] == "The Region of the replica."


def test_a_program_adds_the_package_and_declares_a_component_of_it(engine: Engine, tmp_path: Path) -> None:
    shop = _shop(tmp_path / "shop", account="123456789012", recovery="eu-central-1")
    engine.succeed("package", "add", str(ROOT / "components"), cwd=shop)
    project = yaml.safe_load((shop / "Pulumi.yaml").read_text())
    assert Path(project["packages"]["haven"]).resolve() == ROOT / "components"

    sdk = {"PYTHONPATH": str(_installed(shop / "sdks" / "haven", tmp_path / "installed"))}
    engine.succeed("stack", "init", "dev", cwd=shop)
    preview = json.loads(engine.succeed("preview", "--stack", "dev", "--json", cwd=shop, environment=sdk))
    made = {each["urn"].split("::")[-2].split("$")[-1] for each in preview["steps"]}
    assert {"haven:index:MultiRegionKey", "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"} <= made

    _shop(shop, account="12", recovery="eu-west-1")
    (shop / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    refused = engine.run("preview", "--stack", "dev", cwd=shop, environment=sdk)
    assert refused.returncode != 0
    assert "account_id" in refused.stdout
    assert "recovery_region" in refused.stdout
