"""Every program under examples/ runs, alone and without a data source, and leaves nothing to chance."""

import importlib
import inspect
import keyword
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven.program.account_ids import needs_account_id
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import COMPONENTS

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(path.parent for path in EXAMPLES.glob("*/__main__.py"))
every_example = pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _project(program: Path) -> dict[str, Any]:
    project: dict[str, Any] = yaml.safe_load((program / "Pulumi.yaml").read_text())
    return project


@cache
def _recording(program: Path) -> Recording:
    """What the program declares; a data source would have failed it."""
    name = _project(program)["name"]
    return record(program, stack="example", project=name, config={f"{name}:account": "123456789012"})


def _aws(program: Path) -> list[Resource]:
    return [each for each in _recording(program).real() if each.type.startswith("aws:")]


@cache
def _naming_properties(type_: str) -> frozenset[str]:
    """What the SDK or AWS makes up when it is left out: a `name`, and whatever may be given as a prefix instead."""
    _, module, class_name = re.split(r"/\w+:|:", type_)
    python_module = f"{module}_" if keyword.iskeyword(module) else module  # lambda
    resource = getattr(importlib.import_module(f"pulumi_aws.{python_module}"), class_name)
    parameters = inspect.signature(resource._internal_init).parameters
    prefixed = {name.removesuffix("_prefix") for name in parameters if name.endswith("_prefix")}
    return frozenset({"name", *prefixed} & parameters.keys())


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def test_every_component_has_a_program_of_its_own() -> None:
    assert {_snake(each.__name__) for each in COMPONENTS} <= {path.name for path in PROGRAMS}


@every_example
def test_an_example_declares_what_it_is_named_after(program: Path) -> None:
    components = {each.component for each in _recording(program).real() if each.component}
    assert program.name in {_snake(each) for each in components}


@every_example
def test_an_example_s_project_is_named_after_its_directory_and_says_what_it_shows(program: Path) -> None:
    project = _project(program)
    assert project["name"] == program.name.replace("_", "-")
    assert project["description"]


@every_example
def test_every_resource_of_an_example_has_an_explicit_provider(program: Path) -> None:
    resources = list(_recording(program).real())
    assert resources
    assert [each.urn for each in resources if not each.provider] == []
    assert [each.urn for each in _aws(program) if each.region is None] == []


@every_example
def test_an_example_s_providers_make_no_call_when_they_are_configured(program: Path) -> None:
    providers = [each for each in _recording(program).resources if each.type == "pulumi:providers:aws"]
    flags = ["skipCredentialsValidation", "skipMetadataApiCheck"]
    if not any(needs_account_id(each) for each in _recording(program).real()):
        flags.append("skipRequestingAccountId")
    assert providers or not [*_aws(program)]
    assert [(each.name, flag) for each in providers for flag in flags if each.inputs.get(flag) != "true"] == []


@every_example
def test_nothing_in_an_example_is_left_for_others_to_name(program: Path) -> None:
    unnamed = [
        f"{each.name} has no {name}"
        for each in _aws(program)
        for name in _naming_properties(each.type)
        if _camel(name) not in each.inputs
    ]
    assert unnamed == []


@every_example
def test_an_example_shows_something_when_it_is_up(program: Path) -> None:
    assert _recording(program).outputs
