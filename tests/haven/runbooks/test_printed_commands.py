"""A command that a command prints names the environment as whoever reads it did, so that it works as typed."""

import json
import re
import shlex
from pathlib import Path

import pytest

from haven.cli.recovery.environment import source
from haven.runbooks.failover.site import FAILOVER, REGION_SWITCH, Site, command_of
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.reconcile.leftovers import comparing
from haven.runbooks.workflow.threads import MachineClock
from tests.environments import ROOT
from tests.haven.runbooks.failover.ground import manifest

_BARE = re.compile(r"haven (?:failover|failback|reconcile|status|audit publish) \{[^}]*environment\}")


@pytest.fixture
def found(tmp_path: Path) -> RecoveryManifest:
    """A manifest whose file has a name that a shell would take apart."""
    file = tmp_path / "my manifest.json"
    file.write_text(json.dumps(manifest()))
    return source("sim", (), file, None).located().manifest


def test_every_printed_command_has_the_manifest_that_was_given(found: RecoveryManifest, tmp_path: Path) -> None:
    named = ["sim", "--manifest", str(tmp_path / "my manifest.json")]
    options = ["--records", "two words"]
    to = ["--to", "us-east-1"]
    failover = command_of(FAILOVER, found, "us-east-1", options)
    assert shlex.split(failover) == ["haven", "failover", *named, *to, *options]
    switch = command_of(REGION_SWITCH, found, "us-east-1")
    assert shlex.split(switch) == ["haven", "failover", *named, *to, "--with", "arc"]
    assert shlex.split(command_of("rebuild", found, "us-east-1")) == ["haven", "failback", *named, "--rebuild"]
    planned = Site(found, "us-east-1", MachineClock(), options).command(planned=True)
    assert shlex.split(planned) == ["haven", "failover", *named, *to, *options, "--planned"]
    copy = comparing(found, found.regions.recovery, "haven-kept-1")[-1]
    assert shlex.split(copy)[:5] == ["haven", "reconcile", *named]


def test_a_manifest_that_names_no_words_goes_by_its_environment() -> None:
    assert RecoveryManifest.model_validate(manifest()).named == "sim"


def test_every_region_that_was_given_is_named_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from haven.runbooks import manifest as manifests

    made = manifests.Located(RecoveryManifest.model_validate(manifest()))
    monkeypatch.setattr(manifests, "locate", lambda *_: made)
    chosen = source("org/project/sim", ("eu-west-1", "us-east-1"), None, "here")
    vars(chosen)["client"] = None
    assert chosen.located().manifest.named == "sim --region eu-west-1 --region us-east-1 -C here"


def test_no_code_writes_a_command_with_the_bare_name() -> None:
    files = [*(ROOT / "haven" / "runbooks").rglob("*.py"), *(ROOT / "haven" / "cli" / "recovery").rglob("*.py")]
    assert files
    assert [f"{each}: {line}" for each in files for line in _BARE.findall(each.read_text(encoding="utf-8"))] == []
