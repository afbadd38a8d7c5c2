"""The Terraform CLI and the AWS provider, as they are on this machine."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven.base.deployment_error import DeploymentError
from haven.base.missing_dependency import MissingDependency
from haven.terraform import mirrors, provider_differences, random_values, schema
from haven.terraform.export import Export
from haven.terraform.schema import ProviderSchema

SOURCE = "registry.terraform.io/hashicorp/aws"
"""In full, so that OpenTofu means the same one."""
_PROGRAMS = ("terraform", "tofu")
_INITIALISED_WITHIN = 300.0
"""Seconds; a mirror may hold the provider as a zip of some 150 MB."""
_WITHIN = 120.0
_APPLIED_WITHIN = 900.0

PARALLEL = "-parallelism=30"
"""Most of a deployment is waiting for what the provider polls; measured on 2 cores."""
_PLANNED = "planned.tfplan"


@dataclass(frozen=True)
class Verdict:
    """What the AWS provider says of an export."""

    errors: Sequence[str]
    """What it refuses, each with the address of the resource; empty: all of it is accepted."""
    created: frozenset[str]
    """Addresses of what it would make."""


@dataclass(frozen=True)
class Terraform:
    """A Terraform CLI that has the AWS provider."""

    program: str
    version: str
    base: Path
    """A directory in which it has been initialised."""
    options: Sequence[str]
    """What `terraform init` has to be told here."""

    def schema(self) -> ProviderSchema:
        """The provider's own description of its resources; read once, then kept."""
        command = [self.program, "providers", "schema", "-json"]
        return schema.load(provider_differences.PROVIDER, self.base, lambda: run(command, self.base, _WITHIN))

    def prepare(self, exported: Export, folder: Path) -> None:
        """Write an export into a directory of its own and initialise it there.

        Raises:
            DeploymentError: it can't be initialised.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = json.dumps({**exported.document, **_required()}, indent=1)
        random_values.write_privately(folder / "main.tf.json", document)
        random_values.keep(exported.recipes, folder)
        run([self.program, "init", "-input=false", "-no-color", *self.options], folder, _INITIALISED_WITHIN)

    def judge(self, exported: Export, folder: Path) -> Verdict:
        """Let the provider validate and plan an export. It asks nobody: everything is planned as new.

        Raises:
            DeploymentError: Terraform itself fails.
        """
        self.prepare(exported, folder)
        command = [self.program, "plan", "-refresh=false", "-input=false", "-lock=false", "-json", "-out=judged.tfplan"]
        done = _completed(command, folder, _INITIALISED_WITHIN)
        errors = list(_errors(done.stdout.splitlines()))
        if errors or done.returncode:
            return Verdict(errors or [done.stderr.strip()], frozenset())
        shown = json.loads(run([self.program, "show", "-json", "judged.tfplan"], folder, _WITHIN))
        changes = shown.get("resource_changes", [])
        return Verdict([], frozenset(each["address"] for each in changes if each["change"]["actions"] == ["create"]))

    def plan(self, folder: Path, *, refresh: bool = True, destroy: bool = False) -> Mapping[str, Any]:
        """What would be done in a prepared directory now, as `terraform show -json` prints it; `apply` then does it.

        Args:
            folder: where an export was prepared.
            refresh: ask first for what is really there, instead of trusting the state.
            destroy: plan to take everything away.

        Raises:
            DeploymentError: the provider refuses, or Terraform itself fails.
        """
        flags = [f"-refresh={str(refresh).lower()}", *(["-destroy"] if destroy else []), f"-out={_PLANNED}"]
        self._execute(["plan", *flags], folder)
        shown: Mapping[str, Any] = json.loads(run([self.program, "show", "-json", _PLANNED], folder, _WITHIN))
        return shown

    def apply(self, folder: Path) -> None:
        """Do what was planned last in this directory.

        Raises:
            DeploymentError: something can't be made, changed or taken away; what was done before that stays done.
        """
        self._execute(["apply", PARALLEL, _PLANNED], folder)

    def _execute(self, command: Sequence[str], folder: Path) -> None:
        verb, *arguments = command
        done = _completed([self.program, verb, "-input=false", "-json", *arguments], folder, _APPLIED_WITHIN)
        if done.returncode:
            causes = "; ".join(_errors(done.stdout.splitlines())) or done.stderr.strip()
            raise DeploymentError(f"terraform {verb}: {causes}")


def find(state: Path) -> Terraform:
    """Terraform with the provider, from the user's own settings or a mirror on this machine: nothing is downloaded.

    Args:
        state: a directory for what is read once.

    Raises:
        MissingDependency: there is no Terraform, or no such provider.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise MissingDependency("there is no Terraform CLI on PATH (https://developer.hashicorp.com/terraform/install)")
    base = state / "terraform"
    base.mkdir(parents=True, exist_ok=True)
    (base / "main.tf.json").write_text(json.dumps(_required()))
    for options in _sources():
        try:
            run([program, "init", "-input=false", "-no-color", *options], base, _INITIALISED_WITHIN)
        except DeploymentError:
            continue
        version = json.loads(run([program, "version", "-json"], base, _WITHIN))["terraform_version"]
        return Terraform(program, version, base, options)
    raise MissingDependency(
        f"{Path(program).name} is there, but no mirror on this machine holds AWS provider"
        f" {provider_differences.PROVIDER}:"
        f" run `{Path(program).name} providers mirror DIRECTORY` and name that directory in {mirrors.CHOSEN}"
    )


def _sources() -> Iterator[Sequence[str]]:
    """Options of `terraform init`: what the user has set up, then every mirror that holds the provider."""
    if "TF_CLI_CONFIG_FILE" in environment(Path()):
        yield ()
    for mirror in mirrors.holding(SOURCE, provider_differences.PROVIDER):
        yield (f"-plugin-dir={mirror}",)


def _required() -> Mapping[str, Any]:
    return {"terraform": {"required_providers": {"aws": {"source": SOURCE, "version": provider_differences.PROVIDER}}}}


def environment(folder: Path) -> dict[str, str]:
    """Ours without what would lead the provider to an account, or Terraform to ask, to phone or to wait."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_LOG", "TF_VAR_"))}
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    missing = str(folder / "there-is-no-such-file")
    kept |= {"AWS_CONFIG_FILE": missing, "AWS_SHARED_CREDENTIALS_FILE": missing, "AWS_EC2_METADATA_DISABLED": "true"}
    quick = {"TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "2"}
    return kept | quick | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def run(command: Sequence[str], folder: Path, within: float) -> str:
    """What a command prints.

    Raises:
        DeploymentError: it fails, or takes longer than `within` seconds.
    """
    done = _completed(command, folder, within)
    if done.returncode:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def _completed(command: Sequence[str], folder: Path, within: float) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            list(command),
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {error}") from error


def _errors(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        try:
            diagnostic = json.loads(line).get("diagnostic", {})
        except json.JSONDecodeError:
            continue
        if diagnostic.get("severity") == "error":
            detail = diagnostic.get("detail", "")
            yield f"{diagnostic.get('address', '(no resource)')}: {diagnostic['summary']}: {detail}"
