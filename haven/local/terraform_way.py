"""Deploying with the AWS provider itself: what the program declares becomes Terraform JSON, which Terraform applies."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven.local import again, children, differences, generated, limits, network, schema
from haven.local.deployment import DeploymentError, Order, Unavailable, Watch
from haven.local.export import Export, export

_PARALLEL = "30"
"""Most of a deployment is waiting for what the provider polls; measured on 2 cores."""
_REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_INSTALL_WITHIN = 300.0
_MIRROR_WITHIN = 60.0
_CAUSES_SHOWN = 3


class TerraformWay:
    """Terraform and the AWS provider, as they are on this machine."""

    def __init__(self, program: str, base: Path, plugin_options: Sequence[str], version: str) -> None:
        self._program = program
        self._base = base
        self._plugin_options = plugin_options
        self.name = f"Terraform {version} and AWS provider {differences.PROVIDER}"

    def open(self, order: Order) -> "TerraformDeployment":
        """A deployment, not begun yet."""
        known = schema.load(differences.PROVIDER, self._base, self._schema)
        exported = export(order.fitted.recording, known, emulator=order.url, leave_out=limits.leave_out)
        return TerraformDeployment(self._program, self._plugin_options, exported, order.folder)

    def _schema(self) -> str:
        return _run([self._program, "providers", "schema", "-json"], self._base, _MIRROR_WITHIN)


def find(state: Path) -> TerraformWay:
    """Terraform with the provider, from the user's own settings, a mirror on this machine or the registry.

    Raises:
        Unavailable: there is no Terraform, or no such provider.
    """
    program = shutil.which("terraform")
    if program is None:
        raise Unavailable("there is no Terraform CLI on PATH (https://developer.hashicorp.com/terraform/install)")
    base = state / "terraform"
    base.mkdir(parents=True, exist_ok=True)
    (base / "main.tf.json").write_text(json.dumps(_required()))
    for options, within in _sources():
        try:
            _run([program, "init", "-input=false", "-no-color", *options], base, within)
        except DeploymentError:
            continue
        version = json.loads(_run([program, "version", "-json"], base, _MIRROR_WITHIN))["terraform_version"]
        return TerraformWay(program, base, options, version)
    raise Unavailable(
        f"Terraform is there, but AWS provider {differences.PROVIDER} is neither in a mirror nor can it be downloaded"
    )


def _sources() -> Iterator[tuple[Sequence[str], float]]:
    """Options of `terraform init`, and how long it may take."""
    if Path(os.environ.get("TF_CLI_CONFIG_FILE", "~/.terraformrc")).expanduser().exists():
        yield (), _INSTALL_WITHIN
    for mirror in _mirrors():
        yield (f"-plugin-dir={mirror}",), _MIRROR_WITHIN
    if network.reachable(_REGISTRY):
        yield (), _INSTALL_WITHIN


def _mirrors() -> Iterator[Path]:
    """Directories in which providers were unpacked for use without a network."""
    for parent in ("/opt", "/usr/share", "/usr/local/share", "~/.terraform.d"):
        for found in sorted(Path(parent).expanduser().glob(f"*/{_PROVIDER}/{differences.PROVIDER}")):
            yield found.parents[len(_PROVIDER.parts)]


def _required() -> Mapping[str, Any]:
    return {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": differences.PROVIDER}}}}


def _run(command: Sequence[str], folder: Path, within: float) -> str:
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            text=True,
            timeout=within,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {error.stderr.strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeploymentError(f"{' '.join(command[:2])} failed: {error}") from error
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """Ours without what would lead the provider to an account, or Terraform to ask or to phone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_LOG", "TF_VAR_"))}
    missing = str(folder / "there-is-no-such-file")
    kept |= {"AWS_CONFIG_FILE": missing, "AWS_SHARED_CREDENTIALS_FILE": missing, "AWS_EC2_METADATA_DISABLED": "true"}
    return kept | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


class TerraformDeployment:
    """One export, deployed by Terraform."""

    def __init__(self, program: str, plugin_options: Sequence[str], exported: Export, folder: Path) -> None:
        self._program = program
        self._exported = exported
        self._folder = folder / "terraform"
        self._log = folder / "terraform.log"
        self._folder.mkdir()
        document = {**exported.document, **_required()}
        (self._folder / "main.tf.json").write_text(json.dumps(document, indent=1))
        generated.keep(exported.recipes, self._folder)
        _run([program, "init", "-input=false", "-no-color", *plugin_options], self._folder, _INSTALL_WITHIN)

    @property
    def left_out(self) -> Sequence[str]:
        """What the export leaves out beyond what the emulator's table names."""
        known = {each.type for each in limits.MISSING}
        lines = [f"{each.name}: {each.reason}" for each in self._exported.left_out if each.type not in known]
        reasons: dict[tuple[str, str], list[str]] = {}
        for each in self._exported.dropped:
            reasons.setdefault((each.argument, each.reason), []).append(each.urn.rpartition("::")[2])
        return lines + [f"{argument} ({', '.join(names)}): {why}" for (argument, why), names in reasons.items()]

    def deploy(self, watch: Watch) -> None:
        """Make everything."""
        self._follow(["apply", "-auto-approve"], watch, "apply_complete")

    def again(self, watch: Watch) -> list[again.Difference]:
        """What Terraform would change now, having asked the emulator for everything that is there."""
        self._follow(["plan", "-out=again.tfplan"], watch, "refresh_complete")
        shown = _run([self._program, "show", "-json", "again.tfplan"], self._folder, _MIRROR_WITHIN)
        return again.from_terraform(json.loads(shown), self._exported.document)

    def destroy(self, watch: Watch) -> None:
        """Take everything away, as it was deployed: nothing has changed since."""
        self._follow(["destroy", "-auto-approve", "-refresh=false"], watch, "apply_complete")

    def _follow(self, command: Sequence[str], watch: Watch, counted: str) -> None:
        run = _Run(len(self._exported.urns), counted, watch)
        code = children.follow(
            [self._program, *command, "-input=false", "-json", f"-parallelism={_PARALLEL}"],
            folder=self._folder,
            environment=_environment(self._folder),
            log=self._log,
            line=run.line,
            tick=run.tick,
        )
        if code or run.errors:
            causes = "; ".join(run.errors[:_CAUSES_SHOWN]) or f"exit code {code}"
            more = f" (and {len(run.errors) - _CAUSES_SHOWN} more)" if len(run.errors) > _CAUSES_SHOWN else ""
            raise DeploymentError(f"terraform {command[0]}: {causes}{more}; its log: {self._log}")


@dataclass
class _Run:
    """What one run of Terraform has said so far, one JSON document in each line."""

    total: int
    counted: str
    watch: Watch
    done: int = 0

    def __post_init__(self) -> None:
        self.errors: list[str] = []

    def line(self, text: str) -> None:
        try:
            said = json.loads(text)
        except json.JSONDecodeError:
            return
        self.done += said.get("type") == self.counted
        diagnostic = said.get("diagnostic", {})
        if diagnostic.get("severity") == "error":
            about = diagnostic.get("address")
            self.errors.append(f"{about}: {diagnostic['summary']}" if about else diagnostic["summary"])

    def tick(self) -> None:
        self.watch(self.done, self.total)
