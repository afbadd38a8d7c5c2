"""What every component does with arguments that don't fit their type."""

import inspect
import pydoc
import typing
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

import haven_components
from haven.program.recorder import record
from haven_components import COMPONENTS, GlobalDatabase, NetworkPeering
from haven_components.shared.arguments import misfits
from haven_components.shared.documentation import field_docs

Component = type[pulumi.ComponentResource]
every_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.__name__)
every_kind = pytest.mark.parametrize(
    "kind",
    [each for name in haven_components.__all__ if typing.is_typeddict(each := getattr(haven_components, name))],
    ids=lambda each: each.__name__,
)

DATABASE: dict[str, Any] = {
    "account_id": "123456789012",
    "primary": {
        "region": "eu-west-1",
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1",
        "client_cidrs": ["10.40.0.0/16"],
        "instances": 1,
    },
    "recovery_secret": {"region": "eu-central-1", "kms_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/mrk-1"},
    "engine_version": "16.11",
    "instance_class": "db.r6g.large",
    "database_name": "app",
    "master_username": "app",
    "write_forwarding": False,
    "backup_retention_days": 7,
}


def _arguments_type(component: Component) -> Any:
    return inspect.get_annotations(component.__init__)["args"]


def refusals(component: Any, args: object) -> dict[str, str]:
    """Path and reason of every problem that a component raises."""
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        record(lambda: component("haven-test", args), stack="test")
    return {each["property_path"]: each["reason"] for each in caught.value.errors or []}


def sample(annotation: Any) -> Any:
    """A value of a type: with every key, and one entry for each list and dictionary."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.NotRequired:
        return sample(inner[0])
    if typing.is_typeddict(annotation):
        return {name: sample(each) for name, each in annotation.__annotations__.items()}
    if origin is list:
        return [sample(inner[0])]
    if origin is dict:
        return {"key": sample(inner[1])}
    return {str: "text", int: 1, float: 1.5, bool: True}.get(annotation, "whatever")


def typed_dictionaries(annotation: Any, value: Any, path: str = "") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every dictionary in a value that is held to a type: its path, its type and itself."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.NotRequired:
        yield from typed_dictionaries(inner[0], value, path)
    elif typing.is_typeddict(annotation):
        yield path, annotation, value
        for name, each in annotation.__annotations__.items():
            yield from typed_dictionaries(each, value[name], f"{path}.{name}".removeprefix("."))
    elif origin is list:
        yield from typed_dictionaries(inner[0], value[0], f"{path}[0]")


@every_component
def test_a_component_names_every_missing_and_every_unknown_argument(component: Component) -> None:
    refused = refusals(component, {"nonsense": 1})
    required = _arguments_type(component).__required_keys__
    assert refused.keys() >= required | {"nonsense"}
    assert all(refused[each].startswith("got nothing; allowed: ") for each in required)
    assert refused["nonsense"].startswith("got an unknown argument; allowed: ")


@every_component
def test_a_component_refuses_arguments_that_are_no_dictionary(component: Component) -> None:
    assert refusals(component, None)["args"].startswith("got None; ")


@every_kind
def test_a_value_of_its_type_fits(kind: Any) -> None:
    assert list(misfits(kind, sample(kind))) == []


@every_component
def test_missing_and_unknown_keys_of_nested_arguments_are_named_with_their_paths(component: Component) -> None:
    kind = _arguments_type(component)
    args = sample(kind)
    expected = set()
    for path, each, value in list(typed_dictionaries(kind, args)):
        scalars = [name for name in each.__required_keys__ if not isinstance(value[name], dict | list)]
        prefix = f"{path}." if path else ""
        value["nonsense"] = 1
        expected |= {f"{prefix}{name}" for name in ("nonsense", *scalars)}
        for name in scalars:
            del value[name]
    assert expected <= refusals(component, args).keys()


def test_all_problems_come_at_once_those_of_the_component_s_own_rules_too() -> None:
    args = DATABASE | {"engine_version": "9", "database_name": "postgres", "instance_clas": "db.r6g.large"}
    del args["instance_class"]
    del args["account_id"]
    refused = refusals(GlobalDatabase, args)
    assert refused.keys() == {"account_id", "instance_class", "instance_clas", "engine_version", "database_name"}
    assert refused["account_id"] == (
        "got nothing; allowed: text. The AWS account, twelve digits: ARNs are composed from it; fix: add account_id"
    )
    assert refused["instance_clas"].endswith("; fix: did you mean instance_class?")


def test_an_unknown_argument_that_resembles_none_is_left_out() -> None:
    assert refusals(GlobalDatabase, DATABASE | {"nonsense": 1})["nonsense"].endswith("; fix: leave nonsense out")


def test_a_problem_is_not_reported_a_second_time_by_a_component_s_own_rule() -> None:
    args = {"account_id": 123456789012, "primary": {"cidr": 7}, "recovery": "eu-central-1"}
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        record(lambda: NetworkPeering("haven-test", typing.cast("Any", args)), stack="test")
    paths = [each["property_path"] for each in caught.value.errors or []]
    assert len(paths) == len(set(paths))
    assert {"account_id", "primary.cidr", "recovery"} <= set(paths)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("7", "'7'"),
        (7.5, "7.5"),
        (True, "True"),
        (None, "None"),
        (pulumi.Output.from_input(7), "an output, known after the deployment only"),
    ],
    ids=["text", "a fraction", "true", "none", "an output"],
)
def test_a_value_of_another_kind_is_refused(value: object, got: str) -> None:
    refused = refusals(GlobalDatabase, DATABASE | {"backup_retention_days": value})
    assert refused == {"backup_retention_days": f"got {got}; allowed: a whole number; fix: give such a value"}


def test_none_is_no_way_to_omit_an_argument() -> None:
    assert refusals(GlobalDatabase, DATABASE | {"snapshot": None})["snapshot"].endswith("; fix: leave snapshot out")


def test_whole_numbers_may_come_as_the_component_host_hands_them_over() -> None:
    record(
        lambda: GlobalDatabase("haven-test", typing.cast("Any", DATABASE | {"backup_retention_days": 7.0})), stack="t"
    )


@every_kind
def test_help_shows_every_argument_with_its_type_and_what_it_means(kind: Any) -> None:
    text = pydoc.plain(pydoc.render_doc(kind))
    for name in kind.__annotations__:
        needed = "required" if name in kind.__required_keys__ else "optional"
        assert f"{name}: " in text
        assert f"({needed})" in text
        assert " ".join(field_docs(kind)[name].split())[:30] in " ".join(text.replace("|", " ").split())


@pytest.mark.parametrize("wrong", [5, True, {}, ["arn"]])
def test_an_input_is_an_output_or_a_plain_value_of_its_kind(wrong: Any) -> None:
    key = {**DATABASE["primary"], "kms_key_arn": wrong}
    reasons = refusals(GlobalDatabase, {**DATABASE, "primary": key})
    assert list(reasons) == ["primary.kms_key_arn"]
    assert reasons["primary.kms_key_arn"].startswith(f"got {wrong!r}; allowed: text, or an output; fix:")
