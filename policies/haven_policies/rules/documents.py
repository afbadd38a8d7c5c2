"""Policy documents of IAM and of resources: their statements, wherever they are in a resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding
from haven_policies.rules.resource_graph import parsed
from haven_policies.rules.values import in_words, is_list, plain, value_at

TRUST = {aws.IAM_ROLE: ("assumeRolePolicy",)}
"""Type -> properties with trust policies."""

IDENTITY = {
    aws.IAM_GROUP_POLICY: ("policy",),
    aws.IAM_POLICY: ("policy",),
    aws.IAM_ROLE: ("inlinePolicies",),
    aws.IAM_ROLE_POLICY: ("policy",),
    aws.IAM_USER_POLICY: ("policy",),
    aws.IOT_POLICY: ("policy",),
    aws.SSOADMIN_PERMISSION_SET_INLINE_POLICY: ("inlinePolicy",),
}
"""Type -> properties with identity policies."""

KEYS = {
    aws.KMS_EXTERNAL_KEY: ("policy",),
    aws.KMS_KEY: ("policy",),
    aws.KMS_KEY_POLICY: ("policy",),
    aws.KMS_REPLICA_EXTERNAL_KEY: ("policy",),
    aws.KMS_REPLICA_KEY: ("policy",),
}
"""As `RESOURCE`, for keys: without its policy a key is unusable, even for its account."""

RESOURCE = {
    **KEYS,
    aws.ACMPCA_POLICY: ("policy",),
    aws.AMP_RESOURCE_POLICY: ("policyDocument",),
    aws.APIGATEWAY_DOMAIN_NAME: ("policy",),
    aws.APIGATEWAY_REST_API: ("policy",),
    aws.APIGATEWAY_REST_API_POLICY: ("policy",),
    aws.BACKUP_VAULT_POLICY: ("policy",),
    aws.BEDROCK_AGENTCORE_RESOURCE_POLICY: ("policy",),
    aws.CLOUDSEARCH_DOMAIN_SERVICE_ACCESS_POLICY: ("accessPolicy",),
    aws.CLOUDWATCH_EVENT_BUS_POLICY: ("policy",),
    aws.CLOUDWATCH_LOG_DELIVERY_DESTINATION_POLICY: ("deliveryDestinationPolicy",),
    aws.CLOUDWATCH_LOG_DESTINATION_POLICY: ("accessPolicy",),
    aws.CLOUDWATCH_LOG_RESOURCE_POLICY: ("policyDocument",),
    aws.CODEARTIFACT_DOMAIN_PERMISSIONS: ("policyDocument",),
    aws.CODEARTIFACT_REPOSITORY_PERMISSIONS_POLICY: ("policyDocument",),
    aws.CODEBUILD_RESOURCE_POLICY: ("policy",),
    aws.DSQL_CLUSTER_POLICY: ("policy",),
    aws.DYNAMODB_RESOURCE_POLICY: ("policy",),
    aws.ECRPUBLIC_REPOSITORY_POLICY: ("policy",),
    aws.ECR_REGISTRY_POLICY: ("policy",),
    aws.ECR_REPOSITORY_CREATION_TEMPLATE: ("repositoryPolicy",),
    aws.ECR_REPOSITORY_POLICY: ("policy",),
    aws.EFS_FILE_SYSTEM_POLICY: ("policy",),
    aws.ELASTICSEARCH_DOMAIN: ("accessPolicies",),
    aws.ELASTICSEARCH_DOMAIN_POLICY: ("accessPolicies",),
    aws.GLACIER_VAULT: ("accessPolicy",),
    aws.GLACIER_VAULT_LOCK: ("policy",),
    aws.GLUE_RESOURCE_POLICY: ("policy",),
    aws.KINESIS_RESOURCE_POLICY: ("policy",),
    aws.LAMBDA_RESOURCE_POLICY: ("policy",),
    aws.MEDIASTORE_CONTAINER_POLICY: ("policy",),
    aws.MSK_CLUSTER_POLICY: ("policy",),
    aws.NETWORKFIREWALL_RESOURCE_POLICY: ("policy",),
    aws.OAM_SINK_POLICY: ("policy",),
    aws.OPENSEARCHINGEST_RESOURCE_POLICY: ("policy",),
    aws.OPENSEARCH_DOMAIN: ("accessPolicies",),
    aws.OPENSEARCH_DOMAIN_POLICY: ("accessPolicies",),
    aws.REDSHIFTSERVERLESS_RESOURCE_POLICY: ("policy",),
    aws.REDSHIFT_RESOURCE_POLICY: ("policy",),
    aws.S3CONTROL_ACCESS_GRANTS_INSTANCE_RESOURCE_POLICY: ("policy",),
    aws.S3CONTROL_ACCESS_POINT_POLICY: ("policy",),
    aws.S3CONTROL_BUCKET_POLICY: ("policy",),
    aws.S3CONTROL_MULTI_REGION_ACCESS_POINT_POLICY: ("details",),
    aws.S3CONTROL_OBJECT_LAMBDA_ACCESS_POINT_POLICY: ("policy",),
    aws.S3TABLES_TABLE_BUCKET_POLICY: ("resourcePolicy",),
    aws.S3TABLES_TABLE_POLICY: ("resourcePolicy",),
    aws.S3_ACCESS_POINT: ("policy",),
    aws.S3_BUCKET: ("policy",),
    aws.S3_BUCKET_POLICY: ("policy",),
    aws.S3_BUCKET_V2: ("policy",),
    aws.S3_FILES_FILE_SYSTEM_POLICY: ("policy",),
    aws.S3_VECTORS_VECTOR_BUCKET_POLICY: ("policy",),
    aws.SAGEMAKER_MODEL_PACKAGE_GROUP_POLICY: ("resourcePolicy",),
    aws.SCHEMAS_REGISTRY_POLICY: ("policy",),
    aws.SECRETSMANAGER_SECRET: ("policy",),
    aws.SECRETSMANAGER_SECRET_POLICY: ("policy",),
    aws.SESV2_EMAIL_IDENTITY_POLICY: ("policy",),
    aws.SES_IDENTITY_POLICY: ("policy",),
    aws.SNS_TOPIC: ("policy",),
    aws.SNS_TOPIC_POLICY: ("policy",),
    aws.SQS_QUEUE: ("policy",),
    aws.SQS_QUEUE_POLICY: ("policy",),
    aws.VPCLATTICE_AUTH_POLICY: ("policy",),
    aws.VPCLATTICE_RESOURCE_POLICY: ("policy",),
    aws.XRAY_RESOURCE_POLICY: ("policyDocument",),
}
"""Type -> properties with resource policies."""


@dataclass(frozen=True)
class Statement:
    """One statement of a document."""

    record: Resource
    path: str
    """Its path, such as `policy.Statement[2]`."""
    content: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it permits something, and forbids nothing."""
        return bool(self.content.get("Effect") == "Allow")

    def listed(self, element: str) -> list[str]:
        """The values of Action, Resource and the like, which may also be a single value."""
        return texts(self.content.get(element))

    def principals(self, element: str = "Principal") -> Mapping[str, list[str]]:
        """Whom it names, by kind (AWS, Service, Federated); an asterisk alone is anybody of AWS."""
        found = plain(self.content.get(element))
        if isinstance(found, str):
            return {"AWS": [found]}
        return {kind: texts(names) for kind, names in found.items()} if isinstance(found, Mapping) else {}

    @property
    def conditions(self) -> list[tuple[str, str, list[str]]]:
        """Operator, key and values; operators as written, keys in small letters, as AWS reads them."""
        blocks = plain(self.content.get("Condition"))
        if not isinstance(blocks, Mapping):
            return []
        return [
            (operator, key.lower(), texts(values))
            for operator, block in blocks.items()
            if isinstance(plain(block), Mapping)
            for key, values in plain(block).items()
        ]

    def against(self, element: str, allowed: str, fix: str) -> Finding:
        """A finding about one of its elements."""
        sid = self.content.get("Sid")
        got = in_words(plain(self.content.get(element)))
        named = f"{got} in statement {sid}" if isinstance(sid, str) and sid else got
        return Finding(self.record, f"{self.path}.{element}", named, allowed, fix)


def texts(value: Any) -> list[str]:
    """A text, or the texts of a list; numbers and booleans as JSON writes them, all else left out."""
    value = plain(value)
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, str | int | float):
        return [str(value)]
    return [text for each in value for text in texts(each)] if is_list(value) else []


def statements(record: Resource, kinds: Mapping[str, Sequence[str]]) -> Iterator[Statement]:
    """The statements of a resource's documents of these kinds; none of a document that only another resource knows."""
    for name in kinds.get(record.type, ()):
        yield from _within(record, name, value_at(record.inputs, name))


def _within(record: Resource, path: str, value: Any) -> Iterator[Statement]:
    value = parsed(value)
    if is_list(value):
        for index, each in enumerate(value):
            yield from _within(record, f"{path}[{index}]", each)
    elif isinstance(value, Mapping) and "Statement" in value:
        found = plain(value["Statement"])
        for index, each in enumerate(found if is_list(found) else [found]):
            if isinstance(plain(each), Mapping):
                yield Statement(record, f"{path}.Statement[{index}]", plain(each))
    elif isinstance(value, Mapping):
        yield from (one for name in ("policy", "Policy") for one in _within(record, f"{path}.{name}", value.get(name)))


def denies_without_tls(found: Statement, *actions: str) -> bool:
    """Whether it refuses everybody one of these actions (`s3:*`) where a request does not come over TLS."""
    everybody = "*" in found.principals().get("AWS", ())
    everything = any(action in ("*", *actions) for action in found.listed("Action"))
    insecure = any(
        operator in ("Bool", "BoolIfExists") and key == "aws:securetransport" and values == ["false"]
        for operator, key, values in found.conditions
    )
    return (
        found.content.get("Effect") == "Deny" and everybody and everything and insecure and len(found.conditions) == 1
    )
