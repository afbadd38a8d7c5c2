"""A failover from a Region to which no connection is completed: its networks drop everything."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from haven.base.exits import OK
from haven.runbooks.workflow.threads import ONCE_SECONDS
from tests.gateway import Call, unconnectable
from tests.haven.runbooks.failover.cut_off import by_region
from tests.haven.runbooks.failover.ground import MUTATING, new_ground
from tests.haven.runbooks.failover.ground_stores import stores
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
LOST = ("--to", R, "--confirm", "sim", "--json", "--force", "the provider confirms the loss")


def is_change(call: Call) -> bool:
    """Whether a call writes, if only the lease."""
    return call.operation.rpartition(".")[2].startswith((*MUTATING, "PUT"))


def test_a_failover_from_a_region_that_completes_no_connection_asks_it_twice_and_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    lookups = tmp_path / "lookups"
    with new_ground(tmp_path) as ground, stores(ground):
        ground.python = (sys.executable, "-m", by_region.__name__)
        with unconnectable(int(urlsplit(ground.gateway.url).port or 0), 8) as addresses:
            monkeypatch.setenv(by_region.LOST, P)
            monkeypatch.setenv(by_region.ADDRESSES, " ".join(addresses))
            monkeypatch.setenv(by_region.LOOKUPS, str(lookups))
            ground.beat(seconds_ago=60)
            begin, before = time.monotonic(), len(ground.gateway.calls)
            code, text, error = ground.haven("failover", *LOST)
            seconds = time.monotonic() - begin
        assert (code, json.loads(text)["state"], ground.writer) == (OK, "done", R), text + error
        assert [each for each in ground.gateway.calls[before:] if each.region == P] == []
    looked = dict(each.split() for each in lookups.read_text().splitlines())
    # All are asked at once, and given up in their time, whatever the number of addresses.
    assert sorted(looked) == ["dynamodb", "ec2", "rds"]
    begun = min(float(each) for each in looked.values())
    changed = min(each.at for each in ground.gateway.calls[before:] if is_change(each))
    assert 0 < changed - begun < ONCE_SECONDS
    record_property(
        "figure",
        f"warm, the primary completes no connection at 8 addresses: {seconds:.1f} s, "
        f"the first change {changed - begun:.1f} s after it was asked",
    )
