"""Runs the Terraform CLI (or OpenTofu) of this machine with the AWS provider."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from haven.base.deployment_error import DeploymentError
from haven.base.missing_dependency import MissingDependency
from haven.terraform import archives, mirrors, provider_differences, random_values, schema
from haven.terraform.export import Export
from haven.terraform.schema import ProviderSchema

SOURCE = "registry.terraform.io/hashicorp/aws"
"""The full address, so that OpenTofu uses the same provider."""
_PROGRAMS = ("terraform", "tofu")
_INIT_TIMEOUT = 300.0
"""Seconds; `init` may have to unpack the provider, a zip of some 150 MB, from a mirror."""
_TIMEOUT = 120.0
_APPLY_TIMEOUT = 900.0

PARALLEL = "-parallelism=30"
"""Most of the time the provider waits for polled operations; measured on 2 cores."""
_PLANNED = "planned.tfplan"
_AWS_CONFIG = "aws-config"


@dataclass(frozen=True)
class Validation:
    """The AWS provider's validation of an export."""

    errors: Sequence[str]
    """The provider's errors, each with the resource's address; empty if it accepts the export."""
    created: frozenset[str]
    """Addresses of the resources that it would create."""


@dataclass(frozen=True)
class Terraform:
    """A Terraform CLI with the AWS provider."""

    program: str
    version: str
    base: Path
    """An initialized directory."""
    options: Sequence[str]
    """The options that `terraform init` needs on this machine."""
    _initialized: set[Path] = field(default_factory=set, init=False, repr=False, compare=False)
    """Directories in which `init` has run: another export needs no other provider."""

    def schema(self) -> ProviderSchema:
        """The provider's schema, asked for once and then kept in `base`; a process reads it once."""
        return self._schema

    @cached_property
    def _schema(self) -> ProviderSchema:
        command = [self.program, "providers", "schema", "-json"]
        return schema.load(provider_differences.PROVIDER, self.base, lambda: run(command, self.base, _TIMEOUT))

    def prepare(self, exported: Export, folder: Path) -> None:
        """Write an export into a directory and initialize Terraform there, unless it has been.

        Raises:
            DeploymentError: `terraform init` failed.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = json.dumps({**exported.document, **_required()}, indent=1)
        random_values.write_privately(folder / "main.tf.json", document)
        random_values.keep(exported.recipes, folder)
        archives.write(exported.archives, folder)
        _use_endpoint(exported.endpoint, folder)
        if folder not in self._initialized:
            run([self.program, "init", "-input=false", "-no-color", *self.options], folder, _INIT_TIMEOUT)
            self._initialized.add(folder)

    def validate(self, exported: Export, folder: Path) -> Validation:
        """Let the provider validate and plan an export offline, with every resource as new.

        Raises:
            DeploymentError: Terraform itself failed.
        """
        self.prepare(without_account(exported), folder)
        command = [self.program, "plan", "-refresh=false", "-input=false", "-lock=false", "-json"]
        done = _completed(command, folder, _APPLY_TIMEOUT)
        errors = list(_errors(done.stdout.splitlines()))
        if errors or done.returncode:
            return Validation(errors or [done.stderr.strip()], frozenset())
        return Validation([], frozenset(_created(done.stdout.splitlines())))

    def plan(self, folder: Path, *, refresh: bool = True, targets: Sequence[str] = ()) -> Mapping[str, Any]:
        """Plan a deployment in a prepared directory; `apply` carries it out.

        Args:
            folder: the directory that `prepare` has written.
            refresh: read the actual resources first, instead of trusting the state.
            targets: addresses of the resources to plan, with what they need. Omitted: all.

        Returns:
            The plan, as `terraform show -json` prints it; only an empty `resource_changes` where nothing would change.

        Raises:
            DeploymentError: the provider refuses the export, or Terraform itself failed.
        """
        chosen = [f"-target={each}" for each in targets]
        messages = self._execute(["plan", _refresh(refresh), *chosen, f"-out={_PLANNED}"], folder)
        if _changes_nothing(messages):
            return {"resource_changes": []}
        shown: Mapping[str, Any] = json.loads(run([self.program, "show", "-json", _PLANNED], folder, _TIMEOUT))
        return shown

    def apply(self, folder: Path) -> None:
        """Carry out the last plan in this directory.

        Raises:
            DeploymentError: a resource could not be created, changed or deleted; earlier steps are not undone.
        """
        self._execute(["apply", PARALLEL, _PLANNED], folder)

    def deploy(self, folder: Path, *, refresh: bool = True) -> None:
        """Plan and carry out, in one run of Terraform: for a plan that nobody looks at.

        Raises:
            DeploymentError: as `plan` and `apply` do.
        """
        self._execute(["apply", "-auto-approve", _refresh(refresh), PARALLEL], folder)

    def destroy(self, folder: Path, *, refresh: bool = True) -> None:
        """Delete everything that was deployed from this directory.

        Raises:
            DeploymentError: a resource could not be deleted; earlier steps are not undone.
        """
        self._execute(["destroy", "-auto-approve", _refresh(refresh), PARALLEL], folder)

    def _execute(self, command: Sequence[str], folder: Path) -> Sequence[str]:
        """The messages of a command, one JSON document in each line."""
        verb, *arguments = command
        done = _completed([self.program, verb, "-input=false", "-json", *arguments], folder, _APPLY_TIMEOUT)
        messages = done.stdout.splitlines()
        if done.returncode:
            raise DeploymentError(f"terraform {verb}: {'; '.join(_errors(messages)) or done.stderr.strip()}")
        return messages


def without_account(exported: Export) -> Export:
    """An export whose providers don't ask for their account id: nobody answers offline."""
    providers = [
        {**each, "skip_requesting_account_id": True} for each in exported.document.get("provider", {}).get("aws", [])
    ]
    return replace(exported, document={**exported.document, "provider": {"aws": providers}})


def find(state: Path) -> Terraform:
    """The Terraform CLI on PATH with the provider from the user's CLI configuration or a mirror; nothing is downloaded.

    Args:
        state: a directory for the provider's schema.

    Raises:
        MissingDependency: there is no Terraform CLI, or no AWS provider of the expected version.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise MissingDependency("there is no Terraform CLI on PATH (https://developer.hashicorp.com/terraform/install)")
    base = state / "terraform"
    base.mkdir(parents=True, exist_ok=True)
    (base / "main.tf.json").write_text(json.dumps(_required()))
    for options in _sources():
        try:
            run([program, "init", "-input=false", "-no-color", *options], base, _INIT_TIMEOUT)
        except DeploymentError:
            continue
        version = json.loads(run([program, "version", "-json"], base, _TIMEOUT))["terraform_version"]
        return Terraform(program, version, base, options)
    raise MissingDependency(
        f"{Path(program).name} is installed, but no mirror on this machine holds AWS provider"
        f" {provider_differences.PROVIDER}:"
        f" run `{Path(program).name} providers mirror DIRECTORY` and set {mirrors.CHOSEN} to that directory"
    )


def _sources() -> Iterator[Sequence[str]]:
    """Options of `terraform init` to try: the user's CLI configuration, then every mirror with the provider."""
    if "TF_CLI_CONFIG_FILE" in environment(Path()):
        yield ()
    for mirror in mirrors.holding(SOURCE, provider_differences.PROVIDER):
        yield (f"-plugin-dir={mirror}",)


def _required() -> Mapping[str, Any]:
    return {"terraform": {"required_providers": {"aws": {"source": SOURCE, "version": provider_differences.PROVIDER}}}}


def _use_endpoint(endpoint: str | None, folder: Path) -> None:
    """Let the provider find every service at this endpoint: it reads the AWS config file that `environment` names."""
    config = folder / _AWS_CONFIG
    config.unlink(missing_ok=True)
    if endpoint is not None:
        config.write_text(f"[default]\nendpoint_url = {endpoint}\n")


def environment(folder: Path, *, own_credentials: bool = False) -> dict[str, str]:
    """This process's environment for Terraform, which is non-interactive and downloads nothing.

    Args:
        folder: where Terraform runs.
        own_credentials: keep AWS settings and credentials. Omitted: there are none.
    """
    dropped = ("TF_LOG", "TF_VAR_") if own_credentials else ("AWS_", "TF_LOG", "TF_VAR_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    config, missing = str(folder / _AWS_CONFIG), str(folder / "there-is-no-such-file")
    if not own_credentials:
        kept |= {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": missing, "AWS_EC2_METADATA_DISABLED": "true"}
    offline = {"TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "2"}
    return kept | offline | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def run(command: Sequence[str], folder: Path, timeout: float) -> str:
    """The standard output of a command.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        timeout: seconds.

    Raises:
        DeploymentError: it failed or timed out.
    """
    done = _completed(command, folder, timeout)
    if done.returncode:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def _completed(command: Sequence[str], folder: Path, timeout: float) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            list(command),
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {error}") from error


def _errors(lines: Sequence[str]) -> Iterator[str]:
    for message in _messages(lines):
        diagnostic = message.get("diagnostic", {})
        if diagnostic.get("severity") == "error":
            detail = diagnostic.get("detail", "")
            yield f"{diagnostic.get('address', '(no resource)')}: {diagnostic['summary']}: {detail}"


def _refresh(wanted: bool) -> str:
    return f"-refresh={str(wanted).lower()}"


def _changes_nothing(lines: Sequence[str]) -> bool:
    """Whether a plan's summary counts no change: `terraform show` would load the provider once more to say so."""
    counted = [each["changes"] for each in _messages(lines) if each.get("type") == "change_summary"]
    return bool(counted) and not any(number for name, number in counted[-1].items() if name != "operation")


def _created(lines: Sequence[str]) -> Iterator[str]:
    """Addresses of what a plan would make, as it streams them: `terraform show` would load the provider once more."""
    for message in _messages(lines):
        if message.get("type") == "planned_change" and message["change"]["action"] == "create":
            yield message["change"]["resource"]["addr"]


def _messages(lines: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """What Terraform writes with `-json`, one document in each line."""
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue
