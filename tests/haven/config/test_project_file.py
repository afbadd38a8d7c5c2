"""The project file: declared types and defaults, and how stacks are found."""

from pathlib import Path

import pytest

from haven.base.problems import Problems
from haven.config.project import Project, read_project
from haven.config.stack_file import load_stack
from tests.haven.config.reading import noted, read

TYPED = """
name: shop
main: program/
stackConfigDir: environments
config:
  pulumi:disable-default-providers: {value: ["*"]}
  tier: {type: string, default: warm}
  size: {type: integer, default: 3}
  ratio: {default: 1.5}
  on: {type: boolean, default: true}
  names: {type: array, items: {type: string}, default: [a]}
  table: {type: object, default: {a: 1}}
  counts: {type: array, items: {type: integer}, default: [1]}
  other: plain
  needed: {type: string}
  token: {type: string, secret: true, default: x}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text(TYPED)
    (tmp_path / "environments").mkdir()
    return read_project(tmp_path / "Pulumi.yaml")


def test_the_project_file_says_where_program_and_stacks_are(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "environments" / "Pulumi.b.yaml").write_text("config: {}")
    (tmp_path / "environments" / "Pulumi.a.yaml").write_text("config: {}")
    assert (shop.name, shop.main, shop.stack_dir) == ("shop", tmp_path / "program", tmp_path / "environments")
    assert shop.stacks() == ["a", "b"]


def test_declared_defaults_fill_in_what_the_stack_leaves_out(shop: Project) -> None:
    stack = read("config: {shop:needed: x, size: 5}", shop)
    assert stack.problems == ()
    assert stack.config == {
        "pulumi:disable-default-providers": '["*"]',
        "shop:tier": "warm",
        "shop:size": "5",
        "shop:ratio": "1.5",
        "shop:on": "true",
        "shop:names": '["a"]',
        "shop:table": '{"a":1}',
        "shop:counts": "[1]",
        "shop:other": "plain",
        "shop:needed": "x",
        "shop:token": "x",
    }


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("{}", "shop:needed: got nothing; allowed: text; fix: add shop:needed"),
        ("{needed: [a]}", 'shop:needed: got ["a"]; allowed: text; fix: write one text, such as shop:needed: a'),
        ("{needed: [a, b]}", 'shop:needed: got ["a", "b"]; allowed: text; fix: write one text, neither a list nor a'),
        ("{needed: x, size: 1.5}", "shop:size: got 1.5; allowed: a whole number"),
        ("{needed: x, size: many}", 'shop:size: got "many"; allowed: a whole number'),
        ("{needed: x, on: yes}", 'shop:on: got "yes"; allowed: true or false'),
        ("{needed: x, names: a}", 'shop:names: got "a"; allowed: a list of text'),
        ("{needed: x, names: [1]}", "shop:names: got [1]; allowed: a list of text"),
        ("{needed: x, counts: [1, 1.5]}", "shop:counts: got [1, 1.5]; allowed: a list of whole numbers"),
        ("{needed: x, counts: [true]}", "shop:counts: got [true]; allowed: a list of whole numbers"),
        ("{needed: x, table: [1]}", "shop:table: got [1]; allowed: a map"),
        ("{needed: x, token: y}", "shop:token: got plain text; allowed: an encrypted value"),
    ],
)
def test_declared_types_are_held_as_the_engine_holds_them(shop: Project, given: str, problem: str) -> None:
    (line,) = noted(f"config: {given}", shop)
    assert line.startswith(problem)


@pytest.mark.parametrize(
    "given", ["size: '7'", "size: -7", "on: 'false'", "tier: 5", "token: {secure: x}", "counts: [2, 3.0, '4']"]
)
def test_what_the_engine_accepts_for_a_type_is_accepted(shop: Project, given: str) -> None:
    assert noted(f"config:\n  needed: x\n  {given}", shop) == []


def problems_of(stack: str, start: Path) -> str:
    with pytest.raises(Problems) as caught:
        load_stack(stack, start)
    return caught.value.render()


def test_a_stack_is_found_by_its_name_from_anywhere_inside_the_project(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "environments" / "Pulumi.prod.yaml").write_text("config: {needed: x}")
    inner = tmp_path / "program" / "deep"
    inner.mkdir(parents=True)
    stack = load_stack("prod", inner)
    assert (stack.name, stack.config["shop:needed"]) == ("prod", "x")


def test_an_unknown_stack_is_answered_with_the_ones_there_are(shop: Project, tmp_path: Path) -> None:
    for name in ("prod", "test"):
        (tmp_path / "environments" / f"Pulumi.{name}.yaml").write_text("config: {}")
    assert problems_of("pord", tmp_path).endswith('got "pord"; allowed: "prod", "test"; fix: did you mean prod?')
    assert "fix: make " in problems_of("something-else", tmp_path)


def test_a_stack_file_is_found_by_its_path_and_belongs_to_the_project_around_it(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "environments" / "Pulumi.prod.yaml").write_text("config: {needed: x}")
    stack = load_stack("environments/Pulumi.prod.yaml", tmp_path)
    assert (stack.name, stack.project.name) == ("prod", "shop")


def test_a_stack_file_outside_every_project_belongs_to_the_one_at_hand(
    shop: Project, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine.yaml"
    elsewhere.write_text("config: {needed: x}")
    stack = load_stack(str(elsewhere), tmp_path)
    assert (stack.name, stack.project.name) == ("mine", "shop")


def test_a_missing_path_is_answered_with_the_nearest_file(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "environments" / "Pulumi.prod.yaml").write_text("config: {}")
    output = problems_of("environments/Pulumi.prd.yaml", tmp_path)
    assert "where there is no file" in output
    assert output.endswith("environments/Pulumi.prod.yaml?")
    assert "the directory environments/" in problems_of("environments/", tmp_path)
    assert problems_of("nowhere/at/all.yaml", tmp_path).endswith("fix: check the path")


def test_no_project_is_reported_with_the_remediation(tmp_path: Path) -> None:
    output = problems_of("prod", tmp_path)
    assert "no Pulumi.yaml in" in output
    assert "name it with -C" in output


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("main: x", "name: got null; allowed: text; fix: give name a value"),
        ("name: a\nmain: [x]", 'main: got ["x"]; allowed: text; fix: give main a value'),
        ("name: [", "line 1, column 8: got"),
        ("", "name: got null; allowed: text"),
    ],
)
def test_a_broken_project_file_is_a_problem_and_not_a_traceback(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    assert f"  {problem}" in problems_of("prod", tmp_path)
