"""A state as if a whole stack had been deployed, for what no emulator has: values that AWS would choose are made up."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven.terraform import cli, random_values
from haven.terraform.export import Export
from haven.terraform.schema import Field, FieldGroup, Many, ProviderSchema, Scalar, Shape
from tests.environments import PRIMARY, once
from tests.sides import CODES

STATE = "terraform.tfstate"
_REFERENCES = (
    re.compile(r"(?<!\$)\$\{(aws_\w+\.[\w-]+)\.(\w+)\}"),
    re.compile(r"(?<!\$)\$\{(aws_\w+\.[\w-]+)\.\w+\[0\]\.(\w+)\}"),
    re.compile(r"(?<!\$)\$\{one\((aws_\w+\.[\w-]+)\.\w+\)\.(\w+)\}"),
)
_ONE_ITEM = "domain_validation_options"
"""The only list of AWS's own making that anything refers to."""
_PARTICULAR: Mapping[str, Any] = {"latest_version": 1, "resource_record_type": "CNAME"}


@dataclass(frozen=True)
class Standing:
    """A directory in which Terraform takes a stack for deployed."""

    provider: cli.Terraform
    folder: Path

    def plan(self, exported: Export, *targets: str) -> Mapping[str, Any]:
        """The changes to the fabricated state, without a refresh; to all of it, or to these addresses."""
        self.provider.prepare(exported, self.folder)
        return self.provider.plan(self.folder, refresh=False, targets=targets)

    def addresses(self) -> list[str]:
        """Of everything that stands here."""
        return [f"{each['type']}.{each['name']}" for each in self._state()["resources"]]

    def attributes(self, address: str) -> Mapping[str, Any]:
        """What the state holds of a resource."""
        return _attributes(self._state())[address]

    def read_back(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Let a refresh have found other values.

        Args:
            values: address -> names of attributes -> what was found.
        """
        state = self._state()
        state["serial"] += 1
        found = _attributes(state)
        for address, changed in values.items():
            assert changed.keys() <= found[address].keys()
            found[address].update(changed)
        (self.folder / STATE).write_text(json.dumps(state))

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / STATE).read_text())
        return state


def _attributes(state: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    """Address -> what is held of it; changing that changes the state."""
    return {f"{each['type']}.{each['name']}": each["instances"][0]["attributes"] for each in state["resources"]}


def stand(provider: cli.Terraform, exported: Export, folder: Path) -> Standing:
    """Let an export be deployed: it is planned with made-up values for what it refers to, and the plan is the state."""
    provider.prepare(exported, folder)
    for name, text in once(["state", exported.document], lambda: _files(provider, exported, folder)).items():
        random_values.write_privately(folder / name, text)
    return Standing(provider, folder)


def _files(provider: cli.Terraform, exported: Export, folder: Path) -> Mapping[str, str]:
    """The state, and the random values that are in it, by the names of their files."""
    values = folder / random_values.FILE
    made = {STATE: json.dumps(_state(provider, exported, folder))}
    return {**made, values.name: values.read_text()} if values.exists() else made


def _state(provider: cli.Terraform, exported: Export, folder: Path) -> Mapping[str, Any]:
    document = folder / "main.tf.json"
    true_text = document.read_text()
    document.write_text(json.dumps(_literal(json.loads(true_text))))
    plan = provider.plan(folder, refresh=False)
    document.write_text(true_text)
    return {
        "version": 4,
        "terraform_version": provider.version,
        "serial": 1,
        "lineage": "made-up",
        "outputs": {},
        "resources": list(_resources(plan, exported, provider.schema())),
    }


def _resources(plan: Mapping[str, Any], exported: Export, schema: ProviderSchema) -> Iterator[Mapping[str, Any]]:
    planned = plan["planned_values"]["root_module"]["resources"]
    versions = {each["address"]: each["schema_version"] for each in planned}
    for each in plan["resource_changes"]:
        change, shape = each["change"], schema.resource(each["type"])
        hidden = [name for name, marked in change["after_sensitive"].items() if marked is True]
        instance = {
            "schema_version": versions[each["address"]],
            "attributes": _filled(change["after"], change["after_unknown"], shape, each["address"], ""),
            "sensitive_attributes": [[{"type": "get_attr", "value": name}] for name in hidden],
        }
        alias = exported.document["resource"][each["type"]][each["name"]]["provider"].partition(".")[2]
        yield {
            "mode": "managed",
            "type": each["type"],
            "name": each["name"],
            "provider": f'provider["{each["provider_name"]}"].{alias}',
            "instances": [instance],
        }


def _literal(value: Any) -> Any:
    """A document whose references are replaced with what is made up for them."""
    if isinstance(value, str):
        for reference in _REFERENCES:
            value = reference.sub(lambda found: str(_made_up(found[1], found[2], Scalar("string"))), value)
        return value
    if isinstance(value, Mapping):
        return {name: _literal(each) for name, each in value.items()}
    return [_literal(each) for each in value] if isinstance(value, list) else value


def _filled(value: Any, unknown: Any, shape: Shape, address: str, name: str) -> Any:
    """A planned value with something made up wherever it is to be known after the deployment."""
    if unknown is True:
        return _made_up(address, name, shape)
    if isinstance(unknown, Mapping) and isinstance(shape, FieldGroup):
        unset = {each for each in unknown if not shape.exact and _unset(unknown[each], each, shape.fields[each])}
        fields = {each: shape.fields[each].shape for each in unknown.keys() - unset}
        filled = {each: _filled(value.get(each), unknown[each], below, address, each) for each, below in fields.items()}
        return value | filled | dict.fromkeys(unset)
    if isinstance(unknown, Mapping) and isinstance(shape, Many):
        return value | {each: _filled(value.get(each), unknown[each], shape.each, address, each) for each in unknown}
    if isinstance(unknown, list) and isinstance(shape, Many):
        return [_filled(each, hidden, shape.each, address, name) for each, hidden in zip(value, unknown, strict=True)]
    return value


def _unset(unknown: Any, name: str, field: Field) -> bool:
    """An optional argument that is unset stays unset: a fabricated value might not fit the rest."""
    return unknown is True and field.settable and name != "id" and isinstance(field.shape, Scalar)


def _made_up(address: str, name: str, shape: Shape) -> Any:
    """The same for the same attribute of the same resource, in a form that the provider lets pass."""
    if name in _PARTICULAR:
        return _PARTICULAR[name]
    if isinstance(shape, Many):
        return {} if shape.kind == "map" else [_made_up(address, "", shape.each)] if name == _ONE_ITEM else []
    if isinstance(shape, FieldGroup):
        return {each: _made_up(address, each, field.shape) for each, field in shape.fields.items()}
    if shape.kind in ("number", "bool"):
        return 1 if shape.kind == "number" else False
    if name == "arn" or name.endswith("_arn"):
        region = next((region for region, code in CODES.items() if code in address), PRIMARY)
        return f"arn:aws:made-up:{region}:123456789012:{address}/{name}"
    # Launch templates are the only ones whose identifiers the provider looks at.
    return "lt-" + hashlib.sha256(f"{address}.{name}".encode()).hexdigest()[:17]
