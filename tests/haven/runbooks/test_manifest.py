"""The recovery manifest as runbooks read it: what is refused, all at once, and what is only remarked."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from haven.base.problems import Problems, shown
from haven.cli.recovery.environment import source
from haven.runbooks.manifest import parse, read_file
from haven.runbooks.manifest_checks import newer
from tests.environments import PRIMARY, RECOVERY, environment

TIERS = ("backup", "pilot-light", "warm", "active-active")


def document(tier: str = "warm") -> Any:
    """The manifest of a shipped stack, to be changed."""
    return json.loads(json.dumps(environment(tier).outputs["manifest"]))


def test_a_file_is_read_once_so_that_it_may_be_a_pipe_and_again_where_it_is_watched(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(json.dumps(document()))
    chosen = source("warm", (), Path(f"/dev/fd/{reading}"), None)
    chosen.require_region("--to", RECOVERY)
    found = chosen.located().manifest
    os.close(reading)
    assert found.both == (PRIMARY, RECOVERY)
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(document()))
    watched = source("warm", (), file, None)
    assert watched.located().manifest.tier == "warm"
    file.write_text(json.dumps(document() | {"tier": "pilot-light"}))
    assert [watched.located(again=each).manifest.tier for each in (False, True)] == ["warm", "pilot-light"]


def refused(changed: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each problem's key, what it got, and what is allowed."""
    with pytest.raises(Problems) as caught:
        parse(json.dumps(changed), "a test")
    assert all(each.fix for each in caught.value.problems)
    return [(each.what, each.got, each.allowed) for each in caught.value.problems]


def test_one_region_in_both_roles_is_refused() -> None:
    changed = document()
    changed["regions"]["recovery"] = PRIMARY
    assert refused(changed) == [("regions.recovery", f'"{PRIMARY}"', "another Region than regions.primary")]


@pytest.mark.parametrize("sides", [[PRIMARY], [PRIMARY, RECOVERY, "us-east-1"], [PRIMARY, "us-east-1"]])
def test_sides_are_those_of_both_regions_and_no_other(sides: list[str]) -> None:
    changed = document()
    changed["sides"] = dict.fromkeys(sides, changed["sides"][PRIMARY])
    [(what, got, allowed)] = refused(changed)
    assert (what, allowed) == ("sides", f'both Regions: "{PRIMARY}", "{RECOVERY}"')
    assert got == ", ".join(f'"{each}"' for each in sorted(sides))


@pytest.mark.parametrize("name", ["rtoMinutes", "rpoMinutes"])
@pytest.mark.parametrize("minutes", [0, -5])
def test_an_objective_that_is_no_time_is_refused(name: str, minutes: int) -> None:
    changed = document()
    changed["objectives"][name] = minutes
    assert refused(changed) == [(f"objectives.{name}", f"{minutes:.1f}", "minutes above 0, or no such key")]


def test_the_operations_tables_cover_both_regions() -> None:
    changed = document()
    del changed["operations"]["tables"][RECOVERY]
    [(what, got, allowed)] = refused(changed)
    assert (what, got) == ("operations.tables", f'"eu-north-1", "{PRIMARY}"')
    assert allowed.startswith(f'both Regions, "{PRIMARY}", "{RECOVERY}"')
    changed["operations"]["tables"] = {}
    assert refused(changed)[0][1] == "none"


def test_every_problem_comes_at_once() -> None:
    changed = document()
    changed["objectives"] = {"rtoMinutes": 0, "rpoMinutes": -1}
    del changed["sides"][RECOVERY], changed["operations"]["tables"][PRIMARY]
    named = [what for what, *_ in refused(changed)]
    assert named == ["sides", "operations.tables", "objectives.rtoMinutes", "objectives.rpoMinutes"]


def test_a_tier_that_is_none_is_refused_with_those_there_are() -> None:
    changed = document() | {"tier": "gold"}
    assert refused(changed) == [("tier", '"gold"', '"backup", "pilot-light", "warm", "active-active"')]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_copy_may_begin_with_a_byte_order_mark_and_be_in_utf_16_as_powershell_writes_it(
    encoding: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.json"
    file.write_bytes(json.dumps(document()).encode(encoding))
    assert read_file(file) == parse(json.dumps(document()), "a test")
    file.write_bytes(json.dumps(document()).encode("utf-16")[:-1])
    got = re.escape(shown(str(file)))
    with pytest.raises(Problems, match=rf"--manifest: got {got}: .*truncated data; allowed: .* UTF-8 or UTF-16"):
        read_file(file)


def test_a_cut_copy_is_refused_with_the_place_and_the_reason(tmp_path: Path) -> None:
    file, text = tmp_path / "kept.json", json.dumps(document(), indent=1)
    for length in (len(text) - 1, text.index("eu-west-1") + 2):
        file.write_text(text[:length])
        with pytest.raises(Problems) as caught:
            read_file(file)
        (problem,) = caught.value.problems
        cut = r"no JSON from line (\d+), column \d+ on \(.+\), and the text ends there: it is cut"
        found = re.fullmatch(cut, problem.got)
        assert found, problem.got
        assert int(found[1]) == text[:length].count("\n") + 1
    file.write_text(text.replace(":", "=", 1))
    with pytest.raises(Problems, match=r"got no JSON from line 2, column \d+ on \(Expecting ':' delimiter\);"):
        read_file(file)


@pytest.mark.parametrize("tier", TIERS)
def test_what_the_program_writes_is_known_key_by_key(tier: str) -> None:
    assert list(newer(parse(json.dumps(document(tier)), "a test"))) == []


def test_keys_that_a_newer_version_wrote_are_named_and_refuse_nothing() -> None:
    changed = document()
    changed |= {"surprise": 1}
    changed["objectives"]["mtpdMinutes"] = 60
    changed["sides"][RECOVERY]["workloads"][0]["priority"] = 3
    [remark] = newer(parse(json.dumps(changed), "a test"))
    keys = f"objectives.mtpdMinutes, sides.{RECOVERY}.workloads.priority, surprise"
    assert remark == f"written by a newer version of haven, or by hand: this one doesn't know {keys}"
    changed |= {f"more{number}": 1 for number in range(9)}
    [remark] = newer(parse(json.dumps(changed), "a test"))
    assert remark.endswith(" and 7 more")


@pytest.mark.parametrize(
    "text", ["", "hush-hush", '["hush-hush"]', '"hush-hush"', "{}", '{"version": 1}', '{"version": 1, "sides": []}']
)
def test_a_bad_copy_asks_for_another_one_once_and_shows_nothing_of_what_is_no_manifest(
    text: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.json"
    file.write_text(text)
    with pytest.raises(Problems) as caught:
        read_file(file)
    shown = str(caught.value)
    assert "hush" not in shown
    assert shown.count("give another copy, or leave --manifest out: --region REGION reads") == 1
    assert "pulumi" not in shown


def test_what_is_missing_is_one_problem_that_names_all_of_it() -> None:
    [(what, got, allowed)] = refused({"version": 1})
    assert (what, allowed) == ("the manifest", "a value for each")
    assert got.startswith("nothing for environment, account, tier, regions, ")
    fields = refused({"version": 1, "tier": 5, "account": 7})
    assert [what for what, *_ in fields] == ["the manifest", "account", "tier"]


def test_a_manifest_in_aws_that_cannot_be_used_is_written_again_or_replaced_by_another() -> None:
    with pytest.raises(Problems, match=r"run pulumi up .*; until then .*--region, or give a copy with --manifest"):
        parse('{"version": 1}', "/haven/warm/manifest in eu-west-1")
