"""Which environment a command is about, and where its recovery manifest is when no project is at hand."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from haven.base.problems import Problem, Problems, choices, shown
from haven.base.regions import REGION
from haven.cli import output
from haven.cli.command_line import WHERE, same_words, stack_argument

if TYPE_CHECKING:
    from haven.runbooks.clients import Client
    from haven.runbooks.manifest import Located, RecoveryManifest
    from haven.runbooks.signing_in import SignedIn

_Function = TypeVar("_Function", bound=Callable[..., Any])


def environment_options(function: _Function) -> _Function:
    """`ENVIRONMENT`, and where its manifest is when no project is at hand."""
    manifest = click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Use this copy of the recovery manifest instead of the one in AWS.",
    )
    regions = click.option(
        "--region",
        "regions",
        multiple=True,
        metavar="REGION",
        help="Read the recovery manifest there (may be repeated). Omitted: both Regions that the stack file names.",
    )
    return stack_argument("environment", metavar="ENVIRONMENT")(manifest(regions(function)))


@dataclass(frozen=True)
class EnvironmentSource:
    """One environment and the AWS to ask."""

    name: str
    regions: Sequence[str]
    manifest: Path | None
    url: str | None
    """An emulator's endpoint; None: AWS."""
    both: Sequence[str] = ()
    """Its Regions, where the stack file names them; else only the manifest does."""
    first: str = ""
    """The Region whose STS is asked first for credentials: one that isn't lost. Empty: that of the manifest."""
    given: str = ""
    """The word that named it on the command line, where that isn't its name alone."""
    directory: str | None = None
    """The project's, as it was given. None: this one."""

    @property
    def emulated(self) -> bool:
        """Whether an emulator answers instead of AWS."""
        return bool(self.url or os.environ.get("AWS_ENDPOINT_URL"))

    def require_region(self, option: str, region: str) -> None:
        """Refuse a Region that can't be one of its own, before anybody is asked.

        Raises:
            Problems: it can't.
        """
        own = self.both or self._written
        if own and region not in own:
            problem = Problem(option, shown(region), choices(own), "name one of the environment's Regions")
        elif not re.fullmatch(REGION, region):
            problem = Problem(option, shown(region), "a Region's name", "name one of the environment's Regions")
        else:
            return
        raise Problems([problem], WHERE)

    @property
    def _written(self) -> Sequence[str]:
        """The Regions that a copy of its manifest names; none without such a file."""
        return () if self._copy is None else self._copy.both

    @cached_property
    def _copy(self) -> "RecoveryManifest | None":
        """What the file has, which is read once: all of it is of one moment, and it may be a pipe. None: no file."""
        from haven.runbooks.manifest import read_file

        return None if self.manifest is None else read_file(self.manifest)

    @cached_property
    def client(self) -> "Client":
        """Makes the clients."""
        from haven.runbooks.clients import ATTEMPTS

        return self._clients(ATTEMPTS)

    @cached_property
    def client_once(self) -> "Client":
        """Makes clients that send a request once."""
        return self._clients(1)

    @cached_property
    def _signed_in(self) -> "SignedIn | None":
        """This machine's credentials, before anybody waits for an answer: a person may have to type a code."""
        from haven.runbooks.clients import signed_in

        if self.url is not None:
            return None
        regions = self.regions or self._written
        return signed_in([each for each in dict.fromkeys([self.first, *regions]) if each], output.note)

    def _clients(self, attempts: int) -> "Client":
        from haven.runbooks.clients import clients

        return clients(self.url, attempts, self._signed_in)

    def located(self, *, again: bool = False) -> "Located":
        """Its manifest.

        Args:
            again: as it is now. Omitted: a file that was read isn't read once more.

        Raises:
            MissingDependency: this machine has no credentials.
            Problems: there is none, it can't be read, or it is another environment's.
        """
        from haven.runbooks.manifest import Located, locate, read_file

        copy = read_file(self.manifest) if again and self.manifest is not None else self._copy
        found = locate(self.name, self.regions, self.client) if copy is None else Located(copy)
        self._require_own(found.manifest.environment)
        return replace(found, manifest=found.manifest.named_by(self._words()))

    def _words(self) -> list[str]:
        """What names it in every further command, which is typed where this one was."""
        alone = bool(self.regions or self.manifest) and not self.both
        words = [self.name if alone else self.given or self.name]
        words += [] if self.both else [word for each in self.regions for word in ("--region", each)]
        options = {"--manifest": self.manifest, "-C": self.directory}
        return words + [word for option, each in options.items() if each for word in (option, str(each))]

    def _require_own(self, written: str) -> None:
        """Refuse the manifest of another environment than the one that was named."""
        if written == self.name:
            return
        where = "its manifest in AWS" if self.manifest is None else str(self.manifest)
        own = f"give the manifest of {self.name} with --manifest FILE"
        if self.manifest is not None:
            own += ", or leave --manifest out"
        other = f"if you mean {written}: {same_words(self.given or self.name, written)}"
        problem = Problem("ENVIRONMENT", shown(self.name), f"{shown(written)}, as {where} has it", f"{own}; {other}")
        raise Problems([problem], WHERE)


def source(
    name: str, regions: Sequence[str], manifest: Path | None, directory: str | None, *, first: str | None = None
) -> EnvironmentSource:
    """Find out where to ask.

    Args:
        name: the environment, which has its stack's name; also the stack's file, or its qualified name
            (ORG/PROJECT/STACK) where no project is read.
        regions: where the manifest is. Empty: in those of the stack file.
        manifest: a copy of it. None: it is read in AWS.
        directory: of the project. None: this one.
        first: the Region whose STS is asked first for credentials. Omitted: the first that has the manifest.

    Raises:
        Problems: a Region's name is none or there twice, it is given beside a file, or neither a Region, nor a file,
            nor a stack file says where the manifest is.
    """
    if wrong := list(_wrong(regions, manifest)):
        raise Problems(wrong, WHERE)
    if manifest is not None or regions:
        alone = _stack_name(name)
        return EnvironmentSource(alone, regions, manifest, None, (), first or "", given=name, directory=directory)
    named, url, environment = _from_stack_file(name, directory)
    return EnvironmentSource(environment, named, None, url, named, first or "", given=name, directory=directory)


@contextmanager
def every_problem(problems: Sequence[Problem]) -> Iterator[None]:
    """Raises what is wrong with a command's own words together with what the block finds wrong, as one error.

    Args:
        problems: what is wrong with the words.

    Raises:
        Problems: something is.
    """
    try:
        yield
    except Problems as error:
        raise Problems([*problems, *error.problems], WHERE if problems else error.where) from None
    if problems:
        raise Problems(problems, WHERE)


def _wrong(regions: Sequence[str], manifest: Path | None) -> Iterator[Problem]:
    """What is wrong with the words that say where the manifest is."""
    fix = "write a Region, such as --region eu-west-1"
    for each, count in Counter(regions).items():
        if not re.fullmatch(REGION, each):
            yield Problem("--region", shown(each), "a Region's name", fix)
        elif count > 1:
            yield Problem("--region", f"{shown(each)}, {count} times", "each Region once", "leave the others out")
    if regions and manifest is not None:
        fix = "leave --region out: the file has the whole manifest, and no Region is read"
        yield Problem("--manifest", "a file, with --region beside it", "one of the two", fix)


def _stack_name(named: str) -> str:
    """An environment's name: its stack's, which Pulumi's programs and files have without organization and project."""
    last = named.replace("\\", "/").rpartition("/")[2]
    if last.endswith((".yaml", ".yml")):
        return last.rpartition(".")[0].removeprefix("Pulumi.")
    return last


def _from_stack_file(name: str, directory: str | None) -> tuple[Sequence[str], str | None, str]:
    import json

    from haven.config import stack_file
    from haven.program.run import start_directory

    try:
        loaded = stack_file.load_stack(name, start_directory(directory))
    except Problems as error:
        elsewhere = "or leave the project out: --region REGION, where the recovery manifest is read, or --manifest FILE"
        raise Problems(
            [replace(each, fix=f"{each.fix}; {elsewhere}") for each in error.problems], error.where
        ) from None
    try:
        regions = json.loads(loaded.config.get("haven:regions") or "")
        return [regions["primary"], regions["recovery"]], loaded.config.get("haven:emulator") or None, loaded.name
    except (ValueError, KeyError, TypeError):
        got = shown(loaded.config.get("haven:regions"))
        problem = Problem("haven:regions", got, "primary and recovery", "set both, or give --region or --manifest")
        raise Problems([problem], loaded.where) from None
