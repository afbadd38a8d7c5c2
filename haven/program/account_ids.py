"""What the AWS provider composes from its own account id, which it doesn't know under `skip_requesting_account_id`.

With that flag the provider makes no call when it is configured, so that a deployment needs no answer of a lost Region;
its account id is then empty. The rows are every use of `AWSClient.AccountID` and `AWSClient.RegionalARN` in the types
that this project declares, in version 5.100.0 of the provider (github.com/hashicorp/terraform-provider-aws; files below
internal/service, lines as in the line table of the released binary; read 2026-11-26). pulumi-aws 7 is built on version
6, where the sources of ECR's rules and of Grafana's workspace were read too: they do the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource, map_strings

PROVIDER = "pulumi:providers:aws"
FLAG = "skipRequestingAccountId"


class Effect(StrEnum):
    """What goes wrong with an empty account id."""

    CREATE = "it can't be created"
    TAGS = "its tags can't be changed"
    REPLACE = "the next deployment replaces it"
    DRIFT = "every refresh shows a change"
    OUTPUT = "the output is no valid ARN"


@dataclass(frozen=True)
class AccountIdUse:
    """One property that the provider composes."""

    token: str
    """pulumi-aws's type token."""
    output: str
    """The property, in camelCase."""
    effect: Effect
    line: str
    """The provider's file and line."""
    function: str
    given: str = ""
    """The input that takes the account id's place. Empty: there is none."""
    only_with: str = ""
    """The input without which nothing goes wrong. Empty: it always does."""
    ignored: tuple[str, ...] = ()
    """Inputs whose changes must be ignored for the effect not to happen."""


USES: tuple[AccountIdUse, ...] = (
    AccountIdUse(
        aws.ECR_REPLICATION_CONFIGURATION,
        "id",
        Effect.CREATE,
        "ecr/replication_configuration.go:115",
        "resourceReplicationConfigurationPut",
    ),
    AccountIdUse(aws.BUDGETS_BUDGET, "id", Effect.CREATE, "budgets/budget.go:317", "resourceBudgetCreate", "accountId"),
    AccountIdUse(
        aws.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK,
        "id",
        Effect.CREATE,
        "s3control/account_public_access_block.go:75",
        "resourceAccountPublicAccessBlockCreate",
        "accountId",
    ),
    AccountIdUse(
        aws.S3CONTROL_MULTI_REGION_ACCESS_POINT,
        "id",
        Effect.CREATE,
        "s3control/multi_region_access_point.go:159",
        "resourceMultiRegionAccessPointCreate",
        "accountId",
    ),
    AccountIdUse(
        aws.S3CONTROL_MULTI_REGION_ACCESS_POINT_POLICY,
        "id",
        Effect.CREATE,
        "s3control/multi_region_access_point_policy.go:96",
        "resourceMultiRegionAccessPointPolicyCreate",
        "accountId",
    ),
    AccountIdUse(
        aws.DYNAMODB_TABLE_REPLICA,
        "globalTableArn",
        Effect.REPLACE,
        "dynamodb/table_replica.go:209",
        "resourceTableReplicaRead",
        ignored=("globalTableArn",),
    ),
    AccountIdUse(
        aws.GUARDDUTY_DETECTOR,
        "arn",
        Effect.TAGS,
        "guardduty/detector.go:197",
        "resourceDetectorRead",
        ignored=("tags", "tagsAll"),
    ),
    AccountIdUse(
        aws.GUARDDUTY_DETECTOR, "accountId", Effect.OUTPUT, "guardduty/detector.go:192", "resourceDetectorRead"
    ),
    AccountIdUse(
        aws.GRAFANA_WORKSPACE,
        "arn",
        Effect.TAGS,
        "grafana/workspace.go:289",
        "resourceWorkspaceRead",
        ignored=("tags", "tagsAll"),
    ),
    AccountIdUse(aws.EC2_EIP, "arn", Effect.OUTPUT, "ec2/ec2_eip.go:446", "resourceEIPRead"),
    AccountIdUse(aws.EC2_FLOW_LOG, "arn", Effect.OUTPUT, "ec2/vpc_flow_log.go:286", "resourceLogFlowRead"),
    AccountIdUse(
        aws.EC2_LAUNCH_TEMPLATE, "arn", Effect.OUTPUT, "ec2/ec2_launch_template.go:1113", "resourceLaunchTemplateRead"
    ),
    *(
        AccountIdUse(
            token,
            "arn",
            Effect.OUTPUT,
            "ec2/vpc_security_group_ingress_rule.go:412",
            "securityGroupRuleResource.securityGroupRuleARN",
        )
        for token in (aws.VPC_SECURITY_GROUP_INGRESS_RULE, aws.VPC_SECURITY_GROUP_EGRESS_RULE)
    ),
    *(
        AccountIdUse(
            token,
            "referencedSecurityGroupId",
            Effect.DRIFT,
            "ec2/vpc_security_group_ingress_rule.go:296",
            "securityGroupRuleResource.Read",
            only_with="referencedSecurityGroupId",
        )
        for token in (aws.VPC_SECURITY_GROUP_INGRESS_RULE, aws.VPC_SECURITY_GROUP_EGRESS_RULE)
    ),
    AccountIdUse(
        aws.CLOUDTRAIL_TRAIL,
        "snsTopicName",
        Effect.DRIFT,
        "cloudtrail/trail.go:399",
        "resourceTrailRead",
        only_with="snsTopicName",
    ),
)
"""Not listed: `vpc_peering_connection.go:174` tells the sides of a peering between two accounts apart; in one account
both have the same owner, whatever the provider knows."""


def wrong_uses(recording: Recording) -> Iterator[tuple[Resource, AccountIdUse]]:
    """The resources that are wrong behind their provider, because it doesn't ask for its account id."""
    read = set(_read_properties(recording))
    for each in recording.real():
        provider = recording.by_urn.get(each.provider)
        if provider is not None and provider.inputs.get(FLAG) in (True, "true"):
            yield from ((each, use) for use in USES if use.token == each.type and _goes_wrong(use, each, read))


def needs_account_id(resource: Resource) -> bool:
    """Whether a resource can't be created, tagged or kept behind a provider that doesn't know its account."""
    return any(use.token == resource.type and _goes_wrong(use, resource, set()) for use in USES)


def _goes_wrong(use: AccountIdUse, resource: Resource, read: set[tuple[str, str]]) -> bool:
    if (resource.key, use.output) in read and use.effect is not Effect.REPLACE and use.output != "id":
        return True
    if use.effect is Effect.OUTPUT or (use.given and resource.inputs.get(use.given)):
        return False
    if use.only_with and not resource.inputs.get(use.only_with):
        return False
    return not use.ignored or not set(use.ignored) <= set(resource.options.ignore_changes)


def _read_properties(recording: Recording) -> Iterator[tuple[str, str]]:
    """Key and property of every output that another resource or the stack reads."""
    found: list[tuple[str, str]] = []

    def note(text: str) -> str:
        found.extend((match["key"], match["path"]) for match in REFERENCE.finditer(text))
        return text

    for each in recording.resources:
        map_strings(each.inputs, note)
    map_strings(recording.outputs, note)
    yield from found
