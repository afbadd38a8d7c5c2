"""What holds for every component, whoever wrote it."""

import ast
import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, AnalyzeResult, PropertyDefinition

import haven_components
from haven_components import COMPONENTS

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "components").rglob("*.py"))
TIERS = re.compile(r"pilot[-_ ]light|active[-_]active|\bwarm\b(?! pools?\b)|\btiers?\b(?!=)", re.IGNORECASE)
"""`backup` alone is not on the list: databases have backups whatever the tier. `tier=` is an argument of AWS's own,
and a warm pool one of its nodes'."""
OF_THE_API = re.compile(r"\b(?:PILOT_LIGHT|ACTIVE_ACTIVE)\b")
"""What Resilience Hub's API calls two approaches to recovery."""
RUN_BY_LAMBDA = ("heartbeat_function", "function")
"""Folders whose code is packed for Lambda, which has boto3."""
OWN_IMPORTS = {"haven_components", "pulumi", "pulumi_aws", "pulumi_eks", "pulumi_kubernetes", "pulumi_random"}


@pytest.fixture(scope="module")
def schema() -> AnalyzeResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the analyzer leaves a file open
        return Analyzer("haven").analyze(list(COMPONENTS))


def _arguments(schema: AnalyzeResult) -> dict[str, PropertyDefinition]:
    """Every argument, those of nested types too, by its owner's name and its own."""
    components_ = {each.name: each.inputs for each in schema["component_definitions"].values()}
    nested = {each.name: each.properties for each in schema["type_definitions"].values()}
    return {
        f"{owner}.{name}": each
        for owner, properties in (components_ | nested).items()
        for name, each in properties.items()
    }


def _outputs(schema: AnalyzeResult) -> dict[str, PropertyDefinition]:
    components_ = schema["component_definitions"].values()
    return {f"{owner.name}.{name}": each for owner in components_ for name, each in owner.outputs.items()}


def _exported() -> dict[str, object]:
    return {name: getattr(haven_components, name) for name in haven_components.__all__}


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_the_component_host_accepts_every_component(schema: AnalyzeResult) -> None:
    assert sorted(schema["component_definitions"]) == sorted(each.__name__ for each in COMPONENTS)


def test_every_component_says_what_it_is(schema: AnalyzeResult) -> None:
    assert [each.name for each in schema["component_definitions"].values() if not each.description] == []


def test_every_argument_says_what_it_means(schema: AnalyzeResult) -> None:
    assert [name for name, each in _arguments(schema).items() if not each.description] == []


def test_every_output_says_what_it_is(schema: AnalyzeResult) -> None:
    outputs = _outputs(schema)
    assert {name.split(".")[0] for name in outputs} == {each.__name__ for each in COMPONENTS}
    assert [name for name, each in outputs.items() if not each.description] == []


def test_every_optional_argument_says_what_happens_without_it(schema: AnalyzeResult) -> None:
    optional = {name: each.description or "" for name, each in _arguments(schema).items() if each.optional}
    assert [name for name, text in optional.items() if not re.search(r"Omitted\b|Needed with", text)] == []


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.__name__)
def test_a_component_registers_under_its_own_name(component: type[pulumi.ComponentResource]) -> None:
    assert f'super().__init__("haven:index:{component.__name__}", name, {{}}, opts)' in inspect.getsource(component)


def test_every_component_is_exported_with_its_arguments() -> None:
    names = {each.__name__ for each in COMPONENTS}
    assert names | {f"{name}Args" for name in names} <= _exported().keys()


def test_every_type_of_an_argument_is_exported(schema: AnalyzeResult) -> None:
    assert schema["type_definitions"].keys() <= _exported().keys()


def test_every_component_of_the_room_is_exported() -> None:
    declared = {
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("ComponentResource") for base in node.bases)
    }
    assert declared == {each.__name__ for each in COMPONENTS}


def test_exports_are_in_order() -> None:
    assert list(haven_components.__all__) == sorted(set(haven_components.__all__))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_components_know_aws_and_not_tiers(path: Path) -> None:
    assert TIERS.findall(OF_THE_API.sub("", path.read_text())) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_component_imports_only_what_its_room_may(path: Path) -> None:
    imported = {each.split(".")[0] for each in _imported(ast.parse(path.read_text()))}
    there = {"boto3", "botocore"} if path.parent.name in RUN_BY_LAMBDA else set()
    assert imported - sys.stdlib_module_names <= OWN_IMPORTS | there


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_annotations_are_types_and_not_text(path: Path) -> None:
    assert "__future__" not in set(_imported(ast.parse(path.read_text()))), "the component host reads annotations"


@pytest.mark.parametrize("room", ["components", "infra", "policies"])
def test_no_module_hides_one_of_the_standard_library(room: str) -> None:
    modules = {path.stem for path in (ROOT / room).glob("*") if path.suffix == ".py" or path.is_dir()}
    assert modules & sys.stdlib_module_names == set()
