"""Maps pulumi-aws's type tokens and properties to the AWS provider's resource types and arguments."""

import keyword
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from haven.program import aws_types as aws
from haven.terraform.schema import FieldGroup, ProviderSchema

TYPES: Mapping[str, str] = {
    # The SDK and the provider abbreviate differently.
    aws.CONTROLTOWER_CONTROL_TOWER_CONTROL: "aws_controltower_control",
    aws.DIRECTCONNECT_CONNECTION_CONFIRMATION: "aws_dx_connection_confirmation",
    aws.EC2_NETWORK_INTERFACE_SECURITY_GROUP_ATTACHMENT: ("aws_network_interface_sg_attachment"),
    # They spell it differently.
    aws.COGNITO_IDENTITY_POOL_ROLE_ATTACHMENT: "aws_cognito_identity_pool_roles_attachment",
    aws.DIRECTCONNECT_HOSTED_TRANSIT_VIRTUAL_INTERFACE_ACCEPTOR: ("aws_dx_hosted_transit_virtual_interface_accepter"),
    aws.EC2_VPC_ENDPOINT_SERVICE_ALLOWED_PRINCIPLE: ("aws_vpc_endpoint_service_allowed_principal"),
}
"""Tokens whose resource type can't be found by its name, by reason."""

PROPERTIES: Mapping[tuple[str, str], str] = {
    # The bridge calls an argument that names another resource after that resource.
    ("aws_api_gateway_base_path_mapping", "restApi"): "api_id",
    ("aws_api_gateway_stage", "deployment"): "deployment_id",
    ("aws_cloudwatch_log_subscription_filter", "logGroup"): "log_group_name",
    ("aws_elastic_beanstalk_environment", "version"): "version_label",
    ("aws_lambda_permission", "function"): "function_name",
    ("aws_sns_topic_subscription", "topic"): "topic_arn",
    ("*", "restApi"): "rest_api_id",
    # The bridge shortens the argument with the resource's own name to `name`.
    ("aws_batch_compute_environment", "name"): "compute_environment_name",
    ("aws_batch_compute_environment", "namePrefix"): "compute_environment_name_prefix",
    ("aws_cloudwatch_metric_alarm", "name"): "alarm_name",
    ("aws_lambda_function", "name"): "function_name",
    # It invents plurals and names.
    ("aws_iot_topic_rule", "kineses"): "kinesis",
    ("aws_s3_bucket_website_configuration", "routingRuleDetails"): "routing_rule",
    # It accepts archives where the provider accepts the path of a file.
    ("aws_lambda_function", "code"): "filename",
    ("aws_lambda_layer_version", "code"): "filename",
}
"""Properties whose argument can't be found by their name, by resource type; `*` is every type."""

_PROPERTY = re.compile(r'__props__\.__dict__\["(\w+)"\]')
_EXACT = 0.9
_PART = 0.5
_LIKE_ENOUGH = 0.65


class UnknownTokenError(Exception):
    """The provider has no resource type for this token."""


@cache
def snake(name: str) -> str:
    """`dbSubnetGroup` and `DbSubnetGroup` as `db_subnet_group`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda m: "_" + m.group(0), name).lower()


@cache
def resource_type(token: str, schema: ProviderSchema) -> str:
    """The provider's type for a token such as `aws:rds/cluster:Cluster`.

    It is the type whose name is most similar to the token's module and class, and whose arguments are most similar to
    the class's properties.

    Raises:
        UnknownTokenError: no type is similar enough.
    """
    if TYPES.get(token) in schema.types:
        return TYPES[token]
    module, class_name = token.split(":")[1].split("/", maxsplit=1)[0], token.split(":")[2]
    if module == "s3":  # the classes that were called ...V2 before version 7 of pulumi-aws
        class_name = class_name.removesuffix("V2")
    file_name = snake(class_name)
    properties = _properties(module, file_name)
    degrees = {type_: _name_likeness(type_.removeprefix("aws_"), module, file_name) for type_ in schema.types}
    ranked = [(_likeness(type_, degree, properties, schema), type_) for type_, degree in degrees.items()]
    for likeness, found in sorted(ranked, reverse=True):
        if not likeness:
            break
        if degrees[found] >= _EXACT or not _belongs_to_another(found, module, file_name):
            return found
    raise UnknownTokenError(token)


def field_name(type_: str, group: FieldGroup, name: str) -> str | None:
    """The field of `group` for a camelCase property of a resource of this type, or None."""
    exact = snake(name)
    if exact in group.fields:
        return exact
    named = PROPERTIES.get((type_, name)) or PROPERTIES.get(("*", name))
    if named in group.fields:
        return named
    wanted = _forms(name)
    found = [each for each in sorted(group.fields) if wanted & _forms(each)]
    return found[0] if len(found) == 1 else None


@cache
def _forms(name: str) -> frozenset[str]:
    """The spellings that identify a name: without underscores and capitals, in singular and plural."""
    plain = name.replace("_", "").lower()
    forms = {plain}
    for ending, singular in (("ies", "y"), ("ices", "ex"), ("es", ""), ("s", "")):
        if plain.endswith(ending):
            forms.add(plain.removesuffix(ending) + singular)
    return frozenset(forms)


def _likeness(type_: str, degree: float, properties: frozenset[str], schema: ProviderSchema) -> float:
    arguments = _arguments(type_, schema)
    shared = len(arguments & properties) / max(1, len(arguments | properties))
    enough = 0.0 if degree >= _EXACT else _PART if degree else _LIKE_ENOUGH
    return degree + shared if degree + shared and shared >= enough else 0.0


@cache
def _arguments(type_: str, schema: ProviderSchema) -> frozenset[str]:
    return frozenset(each.rstrip("s") for each in schema.names(type_))


def _belongs_to_another(type_: str, module: str, file_name: str) -> bool:
    """Whether the type's name is exactly that of another class of pulumi-aws."""
    words = type_.removeprefix("aws_").split("_")
    splits = (("".join(words[:at]), "_".join(words[at:])) for at in range(1, len(words)))
    return any(own != (module, file_name) and _source(*own) is not None for own in splits)


def _name_likeness(short: str, module: str, file_name: str) -> float:
    if short in (f"{module}_{file_name}", f"{snake(module)}_{file_name}"):
        return 1.0
    if short.replace("_", "") == f"{module}{file_name}".replace("_", "").lower():
        return 0.95
    if short == file_name:
        return _EXACT
    if short.endswith(f"_{file_name}"):
        return 0.6
    return 0.3 if file_name in short else 0.0


@cache
def _properties(module: str, file_name: str) -> frozenset[str]:
    """The properties of a class of pulumi-aws, read from its source, as importing it would take seconds."""
    source = _source(module, file_name)
    found = _PROPERTY.findall(source.read_text()) if source else ()
    return frozenset(each.rstrip("s") for each in found)


def _source(module: str, file_name: str) -> Path | None:
    folder = f"{module}_" if keyword.iskeyword(module) else module
    sources = (place / folder / f"{file_name}.py" for place in _package())
    return next((each for each in sources if each.exists()), None)


@cache
def _package() -> Sequence[Path]:
    spec = find_spec("pulumi_aws")
    return [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
