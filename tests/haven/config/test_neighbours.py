"""Stack files beside each other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from haven.config import neighbours
from haven.config.stack_file import load_stack
from haven.program import validation

PROD, EU = "111122223333", "444455556666"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: haven\nmain: program/\n")
    return tmp_path


def _write(folder: Path, name: str, account: str = PROD, domain: str = "", more: Sequence[str] = ()) -> None:
    regions = "  haven:regions: {primary: eu-west-1, recovery: eu-central-1}"
    lines = [f"  haven:account: '{account}'", regions, *([f"  haven:domain: {domain}"] if domain else []), *more]
    (folder / f"Pulumi.{name}.yaml").write_text("\n".join(["config:", *lines]))


def _clashes(folder: Path, name: str) -> list[str]:
    return [each.render() for each in neighbours.clashes(load_stack(name, folder))]


def test_names_that_are_one_name_in_aws_are_refused_in_both_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    _write(folder, "prod", more=["  haven:tables: {eu-orders: {}, orders: {}}"])
    _write(folder, "prod-eu", more=["  haven:tables: {orders: {}}"])
    same = "with the same haven:account; allowed: a name of its own in the account"
    assert _clashes(folder, "prod-eu") == [
        "haven:tables.orders: got haven-prod-eu-orders in AWS, as haven:tables.eu-orders of Pulumi.prod.yaml,"
        f" {same}; fix: rename orders, or the other one"
    ]
    assert _clashes(folder, "prod") == [
        "haven:tables.eu-orders: got haven-prod-eu-orders in AWS, as haven:tables.orders of Pulumi.prod-eu.yaml,"
        f" {same}; fix: rename eu-orders, or the other one"
    ]


def test_parameters_and_tags_and_what_is_in_other_regions_have_names_of_their_own(folder: Path) -> None:
    keys = ("parameters", "tags")
    _write(folder, "prod", more=[f"  haven:{each}: {{eu-x: y}}" for each in keys])
    _write(folder, "prod-eu", more=[f"  haven:{each}: {{x: y}}" for each in keys])
    assert _clashes(folder, "prod") == _clashes(folder, "prod-eu") == []
    (folder / "Pulumi.prod-eu.yaml").unlink()
    _write(folder, "prod", more=["  haven:tables: {us-orders: {}}"])
    file = folder / "Pulumi.prod-us.yaml"
    _write(folder, "prod-us", more=["  haven:tables: {orders: {}}"])
    assert len(_clashes(folder, "prod")) == 1
    file.write_text(file.read_text().replace("eu-west-1", "us-east-1").replace("eu-central-1", "us-west-2"))
    assert _clashes(folder, "prod") == []


def test_a_name_that_begins_with_another_ones_is_as_good_as_any(folder: Path) -> None:
    _write(folder, "prod", more=["  haven:tables: {orders: {}}"])
    _write(folder, "prod-eu", more=["  haven:tables: {orders: {}}"])
    assert _clashes(folder, "prod") == _clashes(folder, "prod-eu") == []


@pytest.mark.parametrize(("name", "account"), [("prod2", PROD), ("preprod", PROD), ("prod-eu", EU)])
def test_other_names_and_accounts_share_nothing(name: str, account: str, folder: Path) -> None:
    _write(folder, "prod", domain="ai.company.cloud")
    _write(folder, name, account)
    assert _clashes(folder, "prod") == _clashes(folder, name) == []


def test_one_domain_of_two_environments_of_an_account_is_refused(folder: Path) -> None:
    _write(folder, "prod", domain="ai.company.cloud")
    _write(folder, "test", domain="ai.company.cloud")
    _write(folder, "other", EU, domain="ai.company.cloud")
    _write(folder, "below", domain="below.ai.company.cloud")
    (problem,) = validation.problems(load_stack("test", folder))
    assert problem.what == "haven:domain"
    assert "Pulumi.prod.yaml, with the same haven:account" in problem.got
    assert problem.fix == "write another domain, such as test.ai.company.cloud"
    assert _clashes(folder, "other") == _clashes(folder, "below") == []


def test_a_file_that_cannot_be_read_is_no_neighbour(folder: Path) -> None:
    _write(folder, "prod")
    (folder / "Pulumi.prod-eu.yaml").write_text("config: [")
    assert _clashes(folder, "prod") == []


def test_a_copy_of_a_sample_keeps_its_domain_until_somebody_writes_their_own(folder: Path) -> None:
    _write(folder, "warm", domain="warm.example.com")
    _write(folder, "prod", domain="warm.example.com")
    assert _clashes(folder, "prod") == []
