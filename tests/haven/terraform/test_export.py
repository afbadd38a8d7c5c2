"""Recordings become Terraform JSON: values, references, options, providers, and what can't come along."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Options, Recording, Resource, Secret, reference
from haven.terraform import provider_differences
from haven.terraform.export import NO_KUBERNETES, Export, LeaveOut, export
from haven.terraform.schema import ProviderSchema

STRING = {"type": "string", "optional": True}
NEEDED = {"type": "string", "required": True}
NUMBER = {"type": "number", "optional": True}
BOOL = {"type": "bool", "optional": True}
COMPUTED = {"type": "string", "computed": True}
TAGS = {"type": ["map", "string"], "optional": True}


def block(nesting: str, attributes: Mapping[str, Any], blocks: Mapping[str, Any] | None = None, **limits: int) -> Any:
    return {"nesting_mode": nesting, "block": {"attributes": attributes, "block_types": blocks or {}}, **limits}


RULE = {"cidr_blocks": ["list", "string"], "from_port": "number", "self": "bool"}
TYPES: dict[str, Any] = {
    "aws_sqs_queue": {
        "attributes": {"id": COMPUTED, "arn": COMPUTED, "url": COMPUTED, "name": STRING, "policy": STRING, "tags": TAGS}
        | {"delay_seconds": NUMBER, "fifo_queue": BOOL, "kms_master_key_id": STRING}
    },
    "aws_sqs_queue_policy": {"attributes": {"id": COMPUTED, "queue_url": NEEDED, "policy": NEEDED}},
    "aws_eks_cluster": {
        "attributes": {"id": COMPUTED, "name": NEEDED}
        | {"enabled_cluster_log_types": {"type": ["set", "string"], "optional": True}},
        "block_types": {
            "vpc_config": block(
                "list",
                {
                    "subnet_ids": {"type": ["set", "string"], "required": True},
                    "cluster_security_group_id": COMPUTED,
                    "endpoint_public_access": BOOL,
                },
                min_items=1,
                max_items=1,
            ),
            "encryption_config": block(
                "list", {"resources": {"type": ["set", "string"], "required": True}}, max_items=1
            ),
            "timeouts": block("single", {"create": STRING}),
        },
    },
    "aws_security_group": {
        "attributes": {
            "id": COMPUTED,
            "name": STRING,
            "ingress": {"type": ["set", ["object", RULE]], "optional": True, "computed": True},
        }
    },
    "aws_ssm_parameter": {"attributes": {"id": COMPUTED, "name": NEEDED, "type": NEEDED, "value": STRING}},
    "aws_secretsmanager_secret_version": {
        "attributes": {"id": COMPUTED, "secret_id": NEEDED, "secret_string": STRING | {"sensitive": True}}
    },
}
PROVIDER = {
    "attributes": dict.fromkeys(("alias", "region", "access_key", "secret_key", "skip_metadata_api_check"), STRING)
    | {"skip_region_validation": BOOL, "s3_use_path_style": BOOL},
    "block_types": {
        "default_tags": block("list", {"tags": TAGS}, max_items=1),
        "endpoints": block("set", {"s3": STRING, "sqs": STRING}),
    },
}
SCHEMA = ProviderSchema(
    "5.100.0",
    {
        "provider": {"block": {"block_types": {}, **PROVIDER}},
        "resource_schemas": {name: {"block": {"block_types": {}, **each}} for name, each in TYPES.items()},
    },
)

QUEUE = aws.SQS_QUEUE
POLICY = aws.SQS_QUEUE_POLICY
CLUSTER = aws.EKS_CLUSTER
GROUP = aws.EC2_SECURITY_GROUP
PARAMETER = aws.SSM_PARAMETER
SECRET = aws.SECRETSMANAGER_SECRET_VERSION
PASSWORD = "random:index/randomPassword:RandomPassword"


def key(name: str) -> str:
    return name.encode().hex()[:12].ljust(12, "0")


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:test::haven::{type_}::{name}"


def made(type_: str, name: str, inputs: Mapping[str, Any] | None = None, **other: Any) -> Resource:
    fields: dict[str, Any] = {
        "custom": True,
        "parent": "",
        "provider": "",
        "region": None,
        "component": None,
        "component_name": None,
    }
    return Resource(key(name), urn(type_, name), type_, name, inputs=inputs or {}, **fields | other)


def ref(name: str, path: str = "id") -> str:
    return reference(key(name), path)


def exported(*records: Resource, **options: Any) -> Export:
    return export(Recording("haven", "test", records, {}), SCHEMA, **options)


def body(result: Export, type_: str, name: str) -> Any:
    return result.document["resource"][type_][name]


def queue(**inputs: Any) -> Any:
    return body(exported(made(QUEUE, "q", inputs)), "aws_sqs_queue", "q")


def left(result: Export) -> dict[str, str]:
    return {each.name: each.reason for each in result.left_out}


def without(*names: str) -> LeaveOut:
    return lambda record: "not there" if record.name in names else None


def test_names_become_the_providers_and_keys_of_maps_stay() -> None:
    assert queue(kmsMasterKeyId="k", tags={"camelCase": "x", "kmsMasterKeyId": "y"}) == {
        "kms_master_key_id": "k",
        "tags": {"camelCase": "x", "kmsMasterKeyId": "y"},
    }


def test_whole_numbers_that_arrive_as_floats_are_whole() -> None:
    assert repr(queue(delaySeconds=3.0)["delay_seconds"]) == "3"
    assert queue(name=3.0, tags={"n": 2.0}) == {"name": "3", "tags": {"n": "2"}}
    assert queue(delaySeconds=2.5) == {"delay_seconds": 2.5}


def test_truth_values_fit_what_the_argument_takes() -> None:
    assert queue(fifoQueue="true", name=True) == {"fifo_queue": True, "name": "true"}


def test_what_is_null_is_not_written() -> None:
    assert queue(name="q", policy=None) == {"name": "q"}


def test_secrets_are_handed_over_as_they_are() -> None:
    assert queue(name=Secret("hush"), tags=Secret({"a": Secret("b")})) == {"name": "hush", "tags": {"a": "b"}}


def test_text_that_looks_like_a_template_stays_text() -> None:
    written = queue(policy='{"a": "${aws:username}", "b": "%{if}"}', tags={"${k}": "v"})
    assert written["policy"] == '{"a": "$${aws:username}", "b": "%%{if}"}'
    assert written["tags"] == {"$${k}": "v"}


def test_one_nested_value_becomes_a_list_of_one_where_the_provider_has_a_list() -> None:
    cluster = made(CLUSTER, "c", {"name": "c", "vpcConfig": {"subnetIds": ["a"]}, "timeouts": {"create": "1h"}})
    assert body(exported(cluster), "aws_eks_cluster", "c") == {
        "name": "c",
        "vpc_config": [{"subnet_ids": ["a"]}],
        "timeouts": {"create": "1h"},
    }


def test_a_list_of_objects_in_an_attribute_names_every_field() -> None:
    group = made(GROUP, "g", {"name": "g", "ingress": [{"fromPort": 1.0}]})
    assert body(exported(group), "aws_security_group", "g")["ingress"] == [
        {"cidr_blocks": None, "from_port": 1, "self": None}
    ]


def test_a_reference_in_a_text_and_a_reference_alone() -> None:
    document = json.dumps({"Resource": ref("q", "arn"), "Path": "${x}/" + ref("q")})
    policy = made(POLICY, "p", {"queueUrl": ref("q", "url"), "policy": document})
    written = body(exported(made(QUEUE, "q"), policy), "aws_sqs_queue_policy", "p")
    assert written["queue_url"] == "${aws_sqs_queue.q.url}"
    assert json.loads(written["policy"]) == {
        "Resource": "${aws_sqs_queue.q.arn}",
        "Path": "$${x}/${aws_sqs_queue.q.id}",
    }


def test_a_dollar_before_a_reference_does_not_escape_it() -> None:
    policy = made(POLICY, "p", {"queueUrl": "u", "policy": "cost: $" + ref("q")})
    written = body(exported(made(QUEUE, "q"), policy), "aws_sqs_queue_policy", "p")
    assert written["policy"] == 'cost: ${"$"}${aws_sqs_queue.q.id}'


def test_a_reference_into_a_block_of_one_goes_through_its_only_item() -> None:
    cluster = made(CLUSTER, "c", {"name": "c"})
    policy = made(POLICY, "p", {"queueUrl": ref("c", "vpcConfig.clusterSecurityGroupId"), "policy": "{}"})
    written = body(exported(cluster, policy), "aws_sqs_queue_policy", "p")
    assert written["queue_url"] == "${aws_eks_cluster.c.vpc_config[0].cluster_security_group_id}"


def test_a_reference_into_a_set_of_one_goes_through_its_only_item() -> None:
    policy = made(POLICY, "p", {"queueUrl": ref("g", "ingress.fromPort"), "policy": "{}"})
    written = body(exported(made(GROUP, "g", {"name": "g"}), policy), "aws_sqs_queue_policy", "p")
    assert written["queue_url"] == "${one(aws_security_group.g.ingress).from_port}"


def test_a_reference_to_a_list_stays_one_only_where_a_list_is_taken() -> None:
    first = made(CLUSTER, "c", {"name": "c"})
    second = made(CLUSTER, "d", {"name": "d", "enabledClusterLogTypes": ref("c", "enabledClusterLogTypes")})
    policy = made(POLICY, "p", {"queueUrl": ref("c", "enabledClusterLogTypes"), "policy": "{}"})
    result = exported(first, second, policy)
    assert body(result, "aws_eks_cluster", "d")["enabled_cluster_log_types"] == (
        "${aws_eks_cluster.c.enabled_cluster_log_types}"
    )
    assert body(result, "aws_sqs_queue_policy", "p")["queue_url"] == (
        "${one(aws_eks_cluster.c.enabled_cluster_log_types)}"
    )


def test_local_names_are_unique_and_lead_back_to_the_urn() -> None:
    inner = Resource(**{**vars(made(QUEUE, "a.b")), "key": "f" * 12, "urn": urn(f"haven:index:Part${QUEUE}", "a.b")})
    result = exported(made(QUEUE, "a.b"), inner, made(QUEUE, "1"))
    assert result.urns == {
        "aws_sqs_queue.a_b": urn(QUEUE, "a.b"),
        "aws_sqs_queue.a_b-2": urn(f"haven:index:Part${QUEUE}", "a.b"),
        "aws_sqs_queue._1": urn(QUEUE, "1"),
    }


def test_a_dependency_on_a_component_is_one_on_all_its_children() -> None:
    part = made("haven:index:Part", "part", custom=False)
    inner = made("haven:index:Inner", "inner", custom=False, parent=part.urn)
    first, second = made(QUEUE, "first", parent=part.urn), made(QUEUE, "second", parent=inner.urn)
    last = made(QUEUE, "last", {"name": ref("second")}, options=Options(dependencies=(part.urn, second.urn)))
    written = body(exported(part, inner, first, second, last), "aws_sqs_queue", "last")
    assert written["depends_on"] == ["aws_sqs_queue.first"]


def test_what_a_component_waits_for_its_children_wait_for_too() -> None:
    before = made(QUEUE, "before")
    part = made("haven:index:Part", "part", custom=False, options=Options(dependencies=(before.urn,)))
    inner = made("haven:index:Inner", "inner", custom=False, parent=part.urn)
    child = made(QUEUE, "child", parent=inner.urn)
    written = body(exported(before, part, inner, child), "aws_sqs_queue", "child")
    assert written["depends_on"] == ["aws_sqs_queue.before"]


def test_ignored_changes_are_named_as_the_provider_names_them() -> None:
    names = ("vpcConfig.endpointPublicAccess", "enabledClusterLogTypes", "tags")
    cluster = made(CLUSTER, "c", {"name": "c"}, options=Options(ignore_changes=names))
    result = exported(cluster)
    assert body(result, "aws_eks_cluster", "c")["lifecycle"] == {
        "ignore_changes": ["enabled_cluster_log_types", "vpc_config[0].endpoint_public_access"]
    }
    assert [each.argument for each in result.dropped] == ["tags"]


def test_what_is_protected_is_known_and_kept_from_destruction_only_on_demand() -> None:
    protected = made(QUEUE, "q", options=Options(protect=True))
    assert exported(protected).protected == {"aws_sqs_queue.q"}
    assert body(exported(protected), "aws_sqs_queue", "q") == {}
    assert body(exported(protected, prevent_destroy=True), "aws_sqs_queue", "q") == {
        "lifecycle": {"prevent_destroy": True}
    }


def test_a_provider_becomes_a_block_that_makes_no_call_and_its_resources_name_it() -> None:
    inputs = {"region": "eu-west-1", "defaultTags": '{"tags": {"a": "b"}}', "skipRegionValidation": "true"}
    provider = made("pulumi:providers:aws", "aws-eu.west", inputs)
    result = exported(provider, made(QUEUE, "q", provider=provider.urn))
    (written,) = result.document["provider"]["aws"]
    assert written["alias"] == "aws-eu_west"
    assert (written["region"], written["default_tags"]) == ("eu-west-1", [{"tags": {"a": "b"}}])
    assert written["skip_requesting_account_id"] is True
    assert body(result, "aws_sqs_queue", "q") == {"provider": "aws.aws-eu_west"}
    assert "endpoints" not in written


def test_the_providers_have_invalid_credentials_unless_their_own_are_asked_for() -> None:
    provider = made("pulumi:providers:aws", "p", {"region": "eu-west-1"})
    (offline,) = exported(provider).document["provider"]["aws"]
    (own,) = exported(provider, own_credentials=True).document["provider"]["aws"]
    assert offline["access_key"] == offline["secret_key"] == "offline"
    assert own == {name: value for name, value in offline.items() if name not in ("access_key", "secret_key")}


def test_an_emulator_stands_for_every_service() -> None:
    url = "http://127.0.0.1:1"
    result = exported(made("pulumi:providers:aws", "p", {"endpoints": [{"s3": "http://other"}]}), emulator=url)
    (written,) = result.document["provider"]["aws"]
    assert "endpoints" not in written
    assert result.endpoint == url
    assert written["s3_use_path_style"] is True


def test_what_needs_something_that_is_left_out_is_left_out_with_the_cause() -> None:
    policy = made(POLICY, "p", {"queueUrl": ref("q", "url"), "policy": "{}"})
    after = made(QUEUE, "after", {"name": ref("p")})
    result = exported(made(QUEUE, "q"), policy, after, leave_out=without("q"))
    assert left(result) == {
        "q": "not there",
        "p": "needs q, which is left out",
        "after": "needs p, which is left out",
    }
    assert result.urns == {}


def test_a_needed_text_that_names_something_left_out_goes_with_it() -> None:
    policy = made(POLICY, "p", {"queueUrl": "u", "policy": f"for {ref('q')}"})
    assert left(exported(made(QUEUE, "q"), policy, leave_out=without("q"))).keys() == {"q", "p"}


def test_an_optional_text_stays_and_says_what_is_left_out_of_it() -> None:
    manifest = made(PARAMETER, "m", {"name": "m", "type": "String", "value": f"queue {ref('q', 'url')}!"})
    result = exported(made(QUEUE, "q"), manifest, leave_out=without("q"))
    assert body(result, "aws_ssm_parameter", "m")["value"] == "queue (left out: q)!"
    assert [(each.argument, each.expected) for each in result.dropped] == [("value", True)]


def test_nothing_waits_for_what_is_left_out() -> None:
    last = made(QUEUE, "last", options=Options(dependencies=(urn(QUEUE, "q"),)))
    assert body(exported(made(QUEUE, "q"), last, leave_out=without("q")), "aws_sqs_queue", "last") == {}


def test_an_argument_that_the_provider_lacks_is_dropped_by_name() -> None:
    cluster = made(CLUSTER, "c", {"name": "c", "deletionProtection": True, "surprise": 1})
    result = exported(cluster)
    assert body(result, "aws_eks_cluster", "c") == {"name": "c"}
    assert [(each.argument, each.expected) for each in result.dropped] == [
        ("deletionProtection", True),
        ("surprise", False),
    ]


def test_a_type_that_the_provider_lacks_is_left_out_by_name() -> None:
    result = exported(made("aws:none/such:Such", "s"))
    assert [(each.name, each.expected) for each in result.left_out] == [("s", False)]


def test_what_is_no_aws_resource_is_left_out_or_not_deployed() -> None:
    result = exported(
        made("haven:index:Part", "part", custom=False),
        made("pulumi:index:Stash", "stash"),
        made("pulumi:providers:kubernetes", "k8s"),
        made("kubernetes:core/v1:Namespace", "space"),
    )
    assert left(result) == {"space": NO_KUBERNETES}
    assert "resource" not in result.document


def test_a_random_password_becomes_a_sensitive_variable() -> None:
    password = made(PASSWORD, "word", {"length": 20, "special": False})
    text = json.dumps({"password": ref("word", "result")})
    version = made(SECRET, "v", {"secretId": "s", "secretString": Secret(text)})
    result = exported(password, version)
    assert result.document["variable"] == {"word": {"type": "string", "sensitive": True}}
    assert json.loads(body(result, "aws_secretsmanager_secret_version", "v")["secret_string"]) == {
        "password": "${var.word}"
    }
    assert result.recipes["word"].length == 20
    assert not set(result.recipes["word"].make()) & set("!@#$")


def test_the_same_recording_is_exported_alike() -> None:
    records = [made(QUEUE, name, {"tags": {"b": "1", "a": "2"}}) for name in ("b", "a")]
    assert json.dumps(exported(*records).document) == json.dumps(exported(*records).document)


@pytest.mark.parametrize("each", provider_differences.DIFFERENCES, ids=lambda each: f"{each.token} {each.argument}")
def test_every_difference_is_really_one(
    each: provider_differences.ProviderDifference, provider_schema: ProviderSchema
) -> None:
    """An argument in the table must be unknown to the provider, or not to be given."""
    if each.token == "*":
        holders = [name for name in provider_schema.types if each.argument in provider_schema.names(name)]
        assert len(holders) < len(provider_schema.types) / 50
        return
    record = made(each.token, "x", _nested(each.argument))
    result = export(Recording("haven", "test", [record], {}), provider_schema)
    assert [one.argument for one in result.dropped] == [each.argument] or [one.name for one in result.left_out]


def _nested(path: str) -> Any:
    first, _, rest = path.partition(".")
    return {first: _nested(rest) if rest else True} if first else {}
