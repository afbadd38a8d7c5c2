"""An environment that the AWS provider has deployed into the emulator, failed over by the real process, and planned.

The gateway is before the emulator for the provider too: it answers for the sizes of node groups, so a plan is refreshed
with what the runbook has left. What no runbook and no plan meets here: the cache, which the emulator has no Global
Datastore for (its part of a plan is in `tests/conformance/promotion/test_after_promotion.py`), and Kubernetes objects
(`tests/engine/test_scaled_systems.py`).
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from haven.base.exits import FINDINGS, OK
from haven.config.stack_file import load_stack
from haven.emulator import managed_keys
from haven.emulator.clients import Clients
from haven.emulator.gap_handling import AWAITED, FIXED
from haven.emulator.ministack import Emulator
from haven.program.recording import Recording
from haven.runbooks.manifest import read_file
from haven.runbooks.reconcile import proposal
from haven.terraform import cli
from tests.conformance.live_environment import Change, Living
from tests.conformance.promotion.failed_over_environment import UNCHANGED
from tests.conformance.small_environment import SLOW, SMALL, at
from tests.environments import ROOT
from tests.gateway import Answer, Call, gateway
from tests.haven.cli.test_schemas import check
from tests.haven.runbooks.failover.ground import Ground
from tests.haven.runbooks.failover.ground_stores import Datastore
from tests.haven.runbooks.reconcile.provider_plans.node_sizes import DeployedNodeGroups
from tests.simulation.model import P, R

STACK = "demo"
WITNESS = "eu-north-1"
OPERATIONS = json.dumps({"witnessRegion": WITNESS})
KEYS = ("active", "demote", "rebuilt")
"""Of the stack file, what a failover and its ends change."""


class Resizable(Living):
    """An environment whose node groups can be resized, and whose database instances a runbook may have created."""

    def ignored_changes(self) -> Mapping[str, set[str]]:
        """Nothing of what the gateway answers for is left out; what the emulator can't change of an instance is."""
        kept = {type_: set(names) for type_, names in super().ignored_changes().items()}
        kept.setdefault("aws_rds_cluster_instance", set()).update(UNCHANGED)
        return {type_: names - FIXED.get(type_, set()) for type_, names in kept.items()}


@dataclass
class Deployed:
    """The environment, its stack file, and its state in Terraform."""

    ground: Ground
    living: Resizable
    tier: str

    @property
    def stack_file(self) -> Path:
        """What `haven reconcile --write` changes."""
        return self.ground.folder / "stacks" / f"Pulumi.{STACK}.yaml"

    def declared(self, **keys: str) -> Recording:
        """What the stack file declares, with more keys."""
        config = load_stack(str(self.stack_file), self.ground.folder).config
        given = {each: config[f"haven:{each}"] for each in KEYS if config.get(f"haven:{each}")}
        return at(self.tier, operations=OPERATIONS, **{**given, **keys})

    def write(self, **keys: str) -> None:
        """Set keys in the stack file."""
        document = yaml.safe_load(self.stack_file.read_text())
        document["config"] |= {f"haven:{name}": value for name, value in keys.items()}
        self.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))

    def plan(self, **keys: str) -> Sequence[Change]:
        """The provider's plan of the next deployment, refreshed, as `reconcile` is given it.

        Returns:
            What it would change that no known defect of the emulator explains.
        """
        found = self.living.plan(self.declared(**keys))
        self._preview.write_text(json.dumps({"format_version": "1.2", **self.living.planned}))
        return found

    def up(self) -> Sequence[Change]:
        """Plan and deploy what the stack file has."""
        found = self.plan()
        self.living.apply()
        return found

    @property
    def _preview(self) -> Path:
        return self.ground.folder / "plan.json"

    def reconcile(self, *words: str) -> tuple[int, Any]:
        """Exit code and document of one run, with the provider's last plan."""
        command = [sys.executable, "-m", "haven", "reconcile", str(self.stack_file), "--json", *words]
        command += ["--manifest", str(self.ground.folder / "manifest.json"), "--preview", str(self._preview)]
        folder, variables = self.ground.folder, self.ground.variables
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=variables)
        assert done.returncode in (OK, FINDINGS), done.stderr
        document = json.loads(done.stdout)
        check(document, "reconcile.v1")
        assert document["clean"] is (done.returncode == OK)
        return done.returncode, document

    def haven(self, *words: str) -> str:
        """What a runbook that must succeed prints."""
        code, text, error = self.ground.haven(*words, "--confirm", STACK)
        assert code == OK, text + error
        return text

    @contextmanager
    def imported(self, name: str, id_: str) -> Iterator[None]:
        """Let plans adopt what a runbook has created, as `pulumi import` does.

        Args:
            name: of the database instance in the program.
            id_: its import id.
        """
        adoption = self.living.folder / "adopt.tf.json"
        adoption.write_text(json.dumps({"import": [{"to": f"aws_rds_cluster_instance.{name}", "id": id_}]}))
        try:
            yield
        finally:
            adoption.unlink()

    def proposed(self) -> dict[str, str]:
        """The keys that `reconcile` proposes, by name, for the Region that writes."""
        manifest = read_file(self.ground.folder / "manifest.json")
        config = load_stack(str(self.stack_file), self.ground.folder).config
        found = proposal.proposed(config, manifest, self.ground.writer)
        return {key.partition(":")[2]: value for key, value in found.items()}


@contextmanager
def deployed(provider: cli.Terraform, folder: Path, tier: str) -> Iterator[Deployed]:
    """A small environment of a tier, deployed by the AWS provider through the gateway.

    Args:
        provider: deploys it.
        folder: a directory for all of it.
        tier: `pilot-light` or `warm`.
    """
    _checkout(folder, tier)
    with Emulator(ROOT / ".haven" / "emulator", folder / "emulator") as emulator, gateway(emulator.url) as before:
        managed_keys.create(emulator.url, (P, R))
        recording = at(tier, operations=OPERATIONS)
        document = _for_the_emulator(recording.outputs["manifest"])
        (folder / "manifest.json").write_text(json.dumps(document))
        aws = Clients(emulator.url)
        stores = list(document["operations"]["heartbeats"]["stores"])
        ground = Ground(before, aws, emulator.url, folder, stores=stores)
        DeployedNodeGroups(document, P, emulator.url).answer_in(before)
        primary = [P]
        Datastore(lambda region: region not in primary, lambda region: primary.__setitem__(0, region)).answer_in(before)
        for name in document["operations"]["heartbeats"]["functions"].values():
            before.answers["lambda", f"POST /2015-03-31/functions/{name}/invocations"] = no_tables
        living = Resizable(provider, before.url, folder / "deployed", SLOW, AWAITED)
        living.deploy(recording)
        for region in (P, R):
            _serve(aws, region, document["sides"][region])
        yield Deployed(ground, living, tier)


def no_tables(_: Call) -> Answer:
    """What the heartbeat's function answers of an empty database."""
    return 200, "application/json", '{"writes": true, "names": [], "tables": {}}'


def _checkout(folder: Path, tier: str) -> None:
    """The project, with a stack file of the test's own."""
    for each in (".venv", "Pulumi.yaml", "components", "haven", "infra", "policies", "pyproject.toml", "uv.lock"):
        if (ROOT / each).exists():
            (folder / each).symlink_to(ROOT / each)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    file = folder / "stacks" / f"Pulumi.{STACK}.yaml"
    config = yaml.safe_load(file.read_text())["config"]
    small = {f"haven:{key}": value for key, value in {**SMALL, "operations": json.loads(OPERATIONS)}.items()}
    file.write_text(yaml.safe_dump({"config": {**config, **small, "haven:tier": tier}}, sort_keys=False))


def _for_the_emulator(manifest: Mapping[str, Any]) -> Any:
    """The manifest without what the emulator lacks."""
    document = json.loads(json.dumps(manifest))
    for side in document["sides"].values():
        side.pop("workloads", None)
        side.pop("inference", None)
    return document


def _serve(aws: Clients, region: str, side: Mapping[str, Any]) -> None:
    """A target behind the Region's load balancer: what the controller on its cluster would register."""
    balancers = aws.of("elbv2", region)
    (group,) = balancers.describe_target_groups(Names=[side["balancer"]["targetGroup"]])["TargetGroups"]
    balancers.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "10.0.1.9", "Port": 8080}])
