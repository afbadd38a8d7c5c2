"""Deploys the stack's own program with the Pulumi CLI, through the Automation API, with its state in a local file."""

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation as auto
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from haven.base import network
from haven.base.deployment_error import DeploymentError
from haven.base.missing_dependency import MissingDependency
from haven.base.processes import PATIENCE, end, with_parent
from haven.config.stack_file import Stack
from haven.emulator import gap_handling
from haven.emulator.deployers import pulumi_drift, pulumi_plugins
from haven.emulator.deployers.deployment import DeploymentProgress, Order
from haven.emulator.drift import ResourceDrift
from haven.emulator.gap_handling import AdaptedRecording
from haven.gate.terraform_plan import camel
from haven.terraform import naming

_DOWNLOADS = "https://get.pulumi.com/install.sh"
_INSTALL_WITHIN = 300.0
_PARALLEL = 30
_TICK = 0.5
_PASSPHRASE = "thrown away"  # noqa: S105  of a state that ends with its run


class PulumiDeployer:
    """A Pulumi CLI, with the plugins that the program needs."""

    def __init__(self, command: "_Command") -> None:
        self._command = command
        self.name = f"Pulumi {command.version} through its Automation API"

    def open(self, order: Order) -> "PulumiDeployment":
        """A deployment of the stack's program, with its config; `haven:emulator` is the order's URL, if it has one."""
        self._command.own_credentials = order.url is None
        self._command.patience = order.patience
        return PulumiDeployment(self._command, order)


class _Command(auto.PulumiCommand):
    """A CLI that can be stopped, together with the processes that it started."""

    def __init__(self, root: str | None = None, *, skip_version_check: bool = False) -> None:
        super().__init__(root, skip_version_check=skip_version_check)
        self._running: subprocess.Popen[str] | None = None
        self.own_credentials = False
        """Whether the CLI gets this process's AWS settings and credentials."""
        self.patience = PATIENCE
        """Seconds that it has to end by itself when it is stopped."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: auto.OnOutput | None = None,
        on_error: auto.OnOutput | None = None,
    ) -> auto.CommandResult:
        """Run the CLI; the Automation API calls this."""
        own = _environment(own_credentials=self.own_credentials)
        environment = {**own, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        lines: list[str] = []
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(
                with_parent([self.command, "--non-interactive", *args]),
                cwd=cwd,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C must not reach it: this process stops it in order
            ) as process,
        ):
            self._running = process
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if on_output:
                    on_output(lines[-1])
            code = process.wait()
            errors.seek(0)
            error_lines = errors.read().splitlines()
        for line in error_lines:
            if on_error:
                on_error(line)
        result = auto.CommandResult("\n".join(lines), "\n".join(error_lines), code)
        if code:
            raise auto.errors.create_command_error(result)
        return result

    def stop(self) -> None:
        """Stop the CLI if it runs."""
        if self._running:
            end(self._running, self.patience)


def find(_: Path) -> PulumiDeployer:
    """The CLI on PATH, or the one that the Automation API has installed or can install, with the program's plugins.

    Raises:
        MissingDependency: the CLI or a plugin is not installed and can't be downloaded.
    """
    command = _installed() or _downloaded()
    missing = [name for name in pulumi_plugins.NAMES if not pulumi_plugins.installed(name)]
    for name in missing:
        if not (network.reachable(_DOWNLOADS) and _install_plugin(command, name)):
            raise MissingDependency(
                f"the Pulumi CLI is installed, but its plugin {name} {pulumi_plugins.wanted(name)} is not and can't be"
                f" downloaded: run `pulumi plugin install resource {name} v{pulumi_plugins.wanted(name)}`"
            )
    return PulumiDeployer(command)


def _installed() -> _Command | None:
    kept = pulumi_plugins.home() / "versions" / version("pulumi")
    places = [None] if shutil.which("pulumi") else []
    for root in (*places, *([str(kept)] if (kept / "bin").is_dir() else [])):
        with suppress(OSError, subprocess.SubprocessError, auto.InvalidVersionError):
            found = _Command(root, skip_version_check=True)
            if found.version is not None:
                return _Command(root)  # raises InvalidVersionError if it is too old
            # A CLI built from source has no version: assume the SDK's.
            found.version = VersionInfo.parse(version("pulumi"))
            return found
    return None


def _downloaded() -> _Command:
    """The CLI of the SDK's own version, downloaded by the Automation API in a process of its own, with a time limit.

    Raises:
        MissingDependency: the download failed.
    """
    if network.reachable(_DOWNLOADS):
        install = "from pulumi.automation import PulumiCommand; PulumiCommand.install()"
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run([sys.executable, "-c", install], capture_output=True, timeout=_INSTALL_WITHIN, check=True)
    command = _installed()
    if command is None:
        raise MissingDependency(
            "there is no Pulumi CLI on PATH that is new enough, and the download failed"
            " (https://www.pulumi.com/docs/install)"
        )
    return command


def _install_plugin(command: _Command, name: str) -> bool:
    install = [command.command, "plugin", "install", "resource", name, f"v{pulumi_plugins.wanted(name)}"]
    try:
        subprocess.run(install, env=_environment(), capture_output=True, timeout=_INSTALL_WITHIN, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _environment(*, own_credentials: bool = False) -> dict[str, str]:
    """This process's environment without settings of a stack or a backend, and of an AWS account unless asked for."""
    dropped = ("PULUMI_CONFIG",) if own_credentials else ("AWS_", "PULUMI_CONFIG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    for name in ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_STACK"):
        kept.pop(name, None)
    metadata = {} if own_credentials else {"AWS_EC2_METADATA_DISABLED": "true"}
    return kept | metadata | {"PULUMI_SKIP_UPDATE_CHECK": "true"}


class PulumiDeployment:
    """One stack, deployed by Pulumi."""

    def __init__(self, command: _Command, order: Order) -> None:
        stack, folder = order.stack, order.folder
        self._command = command
        self._order = order
        self._main = stack.project.main
        self._log = folder / "pulumi.log"
        self._state, self._work = folder / "state", folder / "pulumi"
        self._state.mkdir()
        self._work.mkdir()
        self._stack = auto.create_or_select_stack(
            stack.name,
            project_name=stack.project.name,
            program=self._program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self._work),
                pulumi_command=command,
                project_settings=auto.ProjectSettings(stack.project.name, "python", main=str(self._main)),
                env_vars={"PULUMI_BACKEND_URL": self._state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE},
            ),
        )
        self._config: dict[str, str] = {}
        self.declare(stack, order.adapted)

    def declare(self, stack: Stack, adapted: AdaptedRecording) -> None:
        """Replace the stack's config."""
        self._adapted = adapted
        self._absent = adapted.absent()
        self._excluded = list(self._absent)
        self._wanted = frozenset(each.urn for each in adapted.recording.real()) - frozenset(self._excluded)
        config = {**stack.config, **({"haven:emulator": self._order.url} if self._order.url else {})}
        if removed := sorted(self._config.keys() - config.keys()):
            self._stack.remove_all_config(removed)
        self._stack.set_all_config({key: auto.ConfigValue(value) for key, value in config.items()})
        self._config = config

    @property
    def removal(self) -> str:
        """`pulumi destroy` in the folder with the state."""
        settings = f"PULUMI_BACKEND_URL={shlex.quote(self._state.as_uri())} PULUMI_CONFIG_PASSPHRASE='{_PASSPHRASE}'"
        work = shlex.quote(str(self._work))
        return f"{settings} {self._command.command} -C {work} destroy --stack {self._stack.name}"

    @property
    def left_out(self) -> Sequence[str]:
        """What refers to something that the emulator lacks."""
        gaps = {each.urn for each in (*self._adapted.objects, *(record for record, _ in self._adapted.left_out))}
        return [f"{urn.rpartition('::')[2]}: {why}" for urn, why in self._absent.items() if urn not in gaps]

    def deploy(self, watch: DeploymentProgress) -> None:
        """Run `pulumi up`."""
        self._follow("up", watch, exclude=self._excluded, parallel=_PARALLEL)

    def drift(self, watch: DeploymentProgress) -> list[ResourceDrift]:
        """The resources that another `pulumi up` would change."""
        events = self._follow("preview", watch, exclude=self._excluded, parallel=_PARALLEL)
        steps = [each.resource_pre_event.metadata for each in events if each.resource_pre_event]
        return [drift for step in steps for drift in pulumi_drift.from_step(step)]

    def destroy(self, watch: DeploymentProgress) -> None:
        """Run `pulumi destroy`."""
        self._follow("destroy", watch, parallel=_PARALLEL)

    def _program(self) -> None:
        """The stack's own program without the inputs that the emulator refuses.

        A transformation removes them before the engine sees them, as the engine would keep their dependencies.
        """
        edits = {_identity(urn): edit for urn, edit in self._adapted.edited().items()}
        ignored = _ignored_changes() if self._order.url and self._order.redeclared else {}

        def adapt(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            removed, added = edits.get((resource.type_, resource.name), (frozenset(), {}))
            fixed = ignored.get(resource.type_)
            if not removed and not added and not fixed:
                return None
            if fixed:
                ignoring = pulumi.ResourceOptions(ignore_changes=fixed)
                resource.opts = pulumi.ResourceOptions.merge(resource.opts, ignoring)
            props = dict(resource.props) | {naming.snake(name): value for name, value in added.items()}
            return pulumi.ResourceTransformationResult(
                props | dict.fromkeys(naming.snake(name) for name in removed), resource.opts
            )

        pulumi.runtime.register_stack_transformation(adapt)
        runpy.run_path(str(self._main), run_name="__main__")

    def _follow(self, operation: str, watch: DeploymentProgress, **options: Any) -> list[EngineEvent]:
        """Run one operation in a thread, so that `watch` can end it."""
        events: list[EngineEvent] = []
        with self._log.open("a") as log, ThreadPoolExecutor(1) as pool:
            operate = getattr(self._stack, operation)
            running = pool.submit(
                operate,
                on_event=events.append,
                on_output=lambda line: log.write(f"{line}\n"),
                color="never",
                **options,
            )
            try:
                while not wait([running], _TICK).done:
                    watch(self._done(events), len(self._wanted))
            finally:
                self._command.stop()
        try:
            running.result()
        except (auto.CommandError, auto.InvalidVersionError, RuntimeError, OSError) as error:
            diagnostics = [each.diagnostic_event for each in events if each.diagnostic_event]
            errors = [each.message.strip() for each in diagnostics if each.severity == "error"]
            raise DeploymentError(
                f"pulumi {operation}: {'; '.join(errors[:3]) or error}; its log: {self._log}"
            ) from error
        return events

    def _done(self, events: Sequence[EngineEvent]) -> int:
        """The number of finished resources, without components."""
        ended = [each.res_outputs_event for each in list(events)]
        return len(self._wanted & {each.metadata.urn for each in ended if each})


def _ignored_changes() -> Mapping[str, list[str]]:
    """Type to properties that the emulator can't change, each in singular and plural: Pulumi's lists are plurals."""
    tokens = gap_handling.tokens()
    return {
        tokens[type_]: [name for each in sorted(arguments) for name in (camel(each), f"{camel(each)}s")]
        for type_, arguments in gap_handling.ignored_changes().items()
    }


def _identity(urn: str) -> tuple[str, str]:
    """Type and name in a URN."""
    return urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]
