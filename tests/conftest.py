"""What tests of several rooms share."""

import fcntl
import gc
import os
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from haven.base.missing_dependency import MissingDependency
from haven.program.process import without_garbage_collection
from haven.terraform import cli
from haven.terraform.schema import ProviderSchema
from tests.environments import SHARED
from tests.kubernetes.control_plane import ControlPlane, programs
from tests.kubernetes.living.shared_plane import SharedPlane

os.environ.setdefault("GOGC", "400")
"""Terraform and its provider collect garbage less often: a plan takes a quarter less processor time (2026-11-25)."""
_FILES_SHOWN = 25
"""How many files the listing of processor time has."""
settings.register_profile("haven", deadline=None)
settings.load_profile("haven")


class ProcessorTime:
    """A plugin of pytest: workers measure, and who collects their reports prints the files that took the most."""

    def __init__(self) -> None:
        self._accounted = _used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what was used since the last phase of a test: imports count for whoever needs them first."""
        report = yield
        used = _used()
        vars(report)["processor_seconds"] = used - self._accounted
        self._accounted = used
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the files that took the most, and the sum of all."""
        used: Counter[str] = Counter()
        for report in (each for reports in terminalreporter.stats.values() for each in reports):
            if isinstance(report, pytest.TestReport):
                used[report.nodeid.partition("::")[0]] += vars(report).get("processor_seconds", 0)
        for file, seconds in [*used.most_common(_FILES_SHOWN), ("in all files", used.total())]:
            terminalreporter.write_line(f"processors: {seconds:7.1f} s  {file}")


def _used() -> float:
    """Seconds of processor time of this process and of its children that ended."""
    return sum(os.times()[:4])


def pytest_configure(config: pytest.Config) -> None:
    """Measure what each file of tests takes of the processors, and end the control plane when nobody needs it."""
    config.pluginmanager.register(ProcessorTime())
    config.pluginmanager.register(SharedPlane(), SharedPlane.__name__)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main() -> Generator[None, object, object]:
    """Give the workers of this run a folder for their recordings, unless it is part of a run that has one."""
    if SHARED in os.environ:
        return (yield)
    with tempfile.TemporaryDirectory(prefix="haven-recordings-") as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv(SHARED, folder)
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured: their property `figure`."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"measured: {value}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector pass over what lasts until the end: ten thousand tests, and all that they import.

    Each full search went through them: a third of the time of tests that make much garbage (2026-11-27).
    """
    with without_garbage_collection():
        collected = yield
        gc.freeze()
    return collected


@pytest.fixture(scope="session")
def provider() -> cli.Terraform:
    """Terraform with the AWS provider, initialised once; without them a test is skipped and says what is missing.

    All workers of a run share the directory, as they do recordings, so that the provider is asked for its schema once.
    """
    shared = Path(os.environ[SHARED]) / "terraform"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            found = cli.find(shared)
        except MissingDependency as missing:
            pytest.skip(str(missing))
        found.schema()
    return found


@pytest.fixture(scope="session")
def provider_schema(provider: cli.Terraform) -> ProviderSchema:
    """What the AWS provider takes."""
    return provider.schema()


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes control plane for all tests of a run, which ends with the last one that takes it; without its
    programs a test is skipped and says what builds them."""
    try:
        programs()
    except MissingDependency as missing:
        pytest.skip(str(missing))
    shared = request.config.pluginmanager.get_plugin(SharedPlane.__name__)
    assert isinstance(shared, SharedPlane)
    yield shared.start(tmp_path_factory.mktemp("control-plane"))
    shared.end()
