"""A declared Region switch plan in the shape of CreatePlan, and what AWS's own model of that call says of it."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

_PATH = "data/arc-region-switch/2022-07-26/service-2.json.gz"
MODEL = ServiceModel(
    json.loads(gzip.decompress((Path(botocore.__file__).parent / _PATH).read_bytes())), "arc-region-switch"
)
UNKNOWN = re.compile(r"@@[^@]*@@")
"""A reference of a recording: what only exists once its resource does."""


def create_plan(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of CreatePlan that the provider makes of a plan's inputs (its expanders; read 2026-11-26)."""
    plain = ("description", "executionRole", "name", "primaryRegion", "recoveryApproach", "regions", "tags")
    found = {key: inputs[key] for key in (*plain, "recoveryTimeObjectiveMinutes") if key in inputs}
    found["workflows"] = [{**each, "steps": [_step(step) for step in each["steps"]]} for each in inputs["workflows"]]
    if inputs.get("associatedAlarms"):
        found["associatedAlarms"] = {
            each["mapBlockKey"]: {key: value for key, value in each.items() if key != "mapBlockKey"}
            for each in inputs["associatedAlarms"]
        }
    for report in inputs.get("reportConfigurations", []):
        outputs = [{"s3Configuration": each["s3Configurations"][0]} for each in report["reportOutputs"]]
        found["reportConfiguration"] = {"reportOutput": outputs}
    return found


def problems(value: Mapping[str, Any]) -> list[str]:
    """What AWS would refuse of CreatePlan's arguments: kinds, required members, enums, patterns, limits."""
    shape = MODEL.operation_model("CreatePlan").input_shape
    assert shape is not None
    report = ParamValidator().validate(value, shape)
    return [*([report.generate_report()] if report.has_errors() else []), *_walk(shape, value, "")]


def all_steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every step of CreatePlan's arguments, those inside of parallel ones too."""
    for flow in plan["workflows"]:
        for step in flow["steps"]:
            yield step
            yield from step["executionBlockConfiguration"].get("parallelConfig", {}).get("steps", [])


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in step.items() if not key.endswith("Configs")}
    ((kind, (given,)),) = ((key, value) for key, value in step.items() if key.endswith("Configs"))
    single = kind.removesuffix("s")
    return {**found, "executionBlockConfiguration": {single: _BLOCKS.get(single, dict)(_ungraceful(given))}}


def _ungraceful(given: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(given)
    for each in found.pop("ungracefuls", []):
        found["ungraceful"] = dict(each)
    return found


def _parallel(given: dict[str, Any]) -> dict[str, Any]:
    return {"steps": [_step(each) for each in given["steps"]]}


def _workloads(given: dict[str, Any]) -> dict[str, Any]:
    (kind,) = given.pop("kubernetesResourceTypes")
    scaled = [
        {
            each["namespace"]: {
                one["resourceName"]: {key: value for key, value in one.items() if key != "resourceName"}
                for one in each["resources"]
            }
        }
        for each in given["scalingResources"]
    ]
    return {**given, "kubernetesResourceType": kind, "scalingResources": scaled}


def _sources(given: dict[str, Any]) -> dict[str, Any]:
    listed = given.pop("regionEventSourceMappings")
    return {**given, "regionEventSourceMappings": {each["region"]: {"arn": each["arn"]} for each in listed}}


_BLOCKS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "parallelConfig": _parallel,
    "eksResourceScalingConfig": _workloads,
    "lambdaEventSourceMappingConfig": _sources,
}


def _walk(shape: Any, value: Any, path: str) -> Iterator[str]:
    """botocore's validator checks neither enums nor patterns nor upper limits."""
    if shape.type_name == "structure":
        yield from _members(shape, value, path)
    elif shape.type_name == "list":
        yield from _size(shape, len(value), path)
        for index, each in enumerate(value):
            yield from _walk(shape.member, each, f"{path}[{index}]")
    elif shape.type_name == "map":
        yield from _size(shape, len(value), path)
        for key, each in value.items():
            yield from _walk(shape.key, key, f"{path}.{key}")
            yield from _walk(shape.value, each, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)
    elif shape.type_name in ("integer", "float"):
        yield from _size(shape, value, path)


def _members(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, each in value.items():
        if name not in shape.members:
            yield f"{path}.{name}: unknown"
        else:
            yield from _walk(shape.members[name], each, f"{path}.{name}")
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path}: {len(value)} members of a union"


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    limits = shape.metadata
    if UNKNOWN.fullmatch(value):
        return
    known = UNKNOWN.sub("x", value)
    if "enum" in limits and known not in limits["enum"]:
        yield f"{path}: {known} isn't one of {limits['enum']}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"].replace(r"\p{L}", "A-Za-z"), known):
        yield f"{path}: {known} doesn't match {limits['pattern']}"
    yield from _size(shape, len(known), path)


def _size(shape: Shape, size: float, path: str) -> Iterator[str]:
    limits = shape.metadata
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{path}: {size} isn't within {limits.get('min')} and {limits.get('max')}"
