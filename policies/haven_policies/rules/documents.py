"""Policy documents of IAM and of resources: their statements, wherever they stand in a resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.model import Finding
from haven_policies.rules.resource_graph import parsed
from haven_policies.rules.values import in_words, is_list, plain, value_at

TRUST = {"aws:iam/role:Role": ("assumeRolePolicy",)}
"""Type -> properties with documents that say who may assume a role."""

IDENTITY = {
    "aws:iam/groupPolicy:GroupPolicy": ("policy",),
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/role:Role": ("inlinePolicies",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/userPolicy:UserPolicy": ("policy",),
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": ("inlinePolicy",),
}
"""Type -> properties with documents that say what somebody may do."""

KEYS = {
    "aws:kms/externalKey:ExternalKey": ("policy",),
    "aws:kms/key:Key": ("policy",),
    "aws:kms/keyPolicy:KeyPolicy": ("policy",),
    "aws:kms/replicaExternalKey:ReplicaExternalKey": ("policy",),
    "aws:kms/replicaKey:ReplicaKey": ("policy",),
}
"""As `RESOURCE`, for keys: without its policy nobody may use one, not even its account."""

RESOURCE = {
    **KEYS,
    "aws:backup/vaultPolicy:VaultPolicy": ("policy",),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("policy",),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("policyDocument",),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": ("policy",),
    "aws:ecr/registryPolicy:RegistryPolicy": ("policy",),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy",),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("policy",),
    "aws:kinesis/resourcePolicy:ResourcePolicy": ("policy",),
    "aws:opensearch/domain:Domain": ("accessPolicies",),
    "aws:opensearch/domainPolicy:DomainPolicy": ("accessPolicies",),
    "aws:s3/accessPoint:AccessPoint": ("policy",),
    "aws:s3/bucket:Bucket": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:s3/bucketV2:BucketV2": ("policy",),
    "aws:s3control/accessPointPolicy:AccessPointPolicy": ("policy",),
    "aws:s3control/multiRegionAccessPointPolicy:MultiRegionAccessPointPolicy": ("details",),
    "aws:secretsmanager/secret:Secret": ("policy",),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy",),
    "aws:sns/topic:Topic": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:sqs/queue:Queue": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
}
"""Type -> properties with documents that say who may do what with a resource."""


@dataclass(frozen=True)
class Statement:
    """One statement of a document."""

    record: Resource
    path: str
    """Where it stands, such as `policy.Statement[2]`."""
    content: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it permits something, and forbids nothing."""
        return bool(self.content.get("Effect") == "Allow")

    def listed(self, element: str) -> list[str]:
        """The values of Action, Resource and the like, of which one may stand alone."""
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
