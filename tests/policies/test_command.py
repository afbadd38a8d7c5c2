"""`haven plan STACK --policy`, as somebody runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from haven.cli.main import main
from tests.environments import PRIMARY, ROOT

AT_HOME = {"classes": {"personal": {"regions": [PRIMARY]}}, "default": "personal"}
Haven = Callable[..., tuple[int, str, str]]


@pytest.fixture
def haven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Haven:
    """Runs `haven plan` for tier backup with personal data that may not leave the primary Region."""

    def run(*options: str, **changes: Any) -> tuple[int, str, str]:
        document = yaml.safe_load((ROOT / "stacks" / "Pulumi.backup.yaml").read_text())
        document["config"] |= {f"haven:{name}": value for name, value in {"residency": AT_HOME, **changes}.items()}
        file = tmp_path / "Pulumi.home.yaml"
        file.write_text(json.dumps(document))
        code = main(["plan", str(file), "-C", str(ROOT), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def _broken(printed: str) -> set[str]:
    return {each["rule"] for each in json.loads(printed)["policy"]["violations"]}


def test_without_policy_only_residency_is_judged(haven: Haven) -> None:
    code, out, _ = haven()
    assert code == FINDINGS
    assert "backups-in-allowed-regions (mandatory" in out
    assert json.loads(haven("--json")[1])["policy"]["rules"] < 10


def test_mandatory_violations_are_findings_all_at_once_and_advisory_ones_are_none(haven: Haven) -> None:
    code, out, _ = haven("--policy", "--json")
    assert code == FINDINGS
    rules = _broken(out)
    assert len(rules) > 1
    advisory = {"levels": dict.fromkeys(rules, "advisory")}
    code, out, _ = haven("--policy", "--json", policy=advisory)
    assert (code, _broken(out)) == (OK, rules)
    assert json.loads(out)["policy"]["counts"]["mandatory"] == 0


def test_the_text_has_the_plan_and_below_it_the_verdict(haven: Haven) -> None:
    code, out, _ = haven("--policy")
    assert code == FINDINGS
    assert out.index("Policies of stack home: ") > out.index(PRIMARY)


def test_sarif_is_printed_alone_and_names_the_stack_s_file(haven: Haven) -> None:
    code, out, _ = haven("--policy", "--sarif")
    (run,) = json.loads(out)["runs"]
    assert code == FINDINGS
    places = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert places == {"Pulumi.home.yaml"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sarif"], "--sarif: got no --policy; allowed: --policy beside it"),
        (["--policy", "--sarif", "--json"], "--sarif: got --json too; allowed: one of the two"),
        (["--policy", "--compare", "warm"], "--policy: got --compare too; allowed: one of the two"),
    ],
)
def test_options_that_don_t_go_together_are_refused(options: list[str], message: str, haven: Haven) -> None:
    code, out, err = haven(*options)
    assert (code, out) == (BAD_INPUT, "")
    assert message in err


def test_a_rule_that_there_is_none_of_is_bad_input(haven: Haven) -> None:
    code, out, err = haven("--policy", policy={"levels": {"database-encripted": "off"}})
    assert (code, out) == (BAD_INPUT, "")
    assert "fix: write database-encrypted" in err
