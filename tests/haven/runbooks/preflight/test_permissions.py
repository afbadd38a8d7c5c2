"""What a failover changes, and how IAM is asked about it."""

from collections.abc import Mapping, Sequence
from threading import Event, Lock
from typing import Any

from botocore.exceptions import ClientError

from haven.runbooks.manifest import Located
from haven.runbooks.observation import ask_all
from haven.runbooks.preflight import failover, permissions
from haven_components.resilience._operator_rights import RIGHTS
from tests.components.resilience.test_operator_role import called
from tests.environments import PRIMARY, RECOVERY, ROOT
from tests.haven.runbooks.preflight.answers import CATALOG, bad, manifest

FOLDERS = ("arc", "failover", "serving", "workflow")
FAILOVER = [each for name in FOLDERS for each in sorted((ROOT / "haven" / "runbooks" / name).rglob("*.py"))]
FAILOVER += [
    ROOT / "haven" / "runbooks" / name for name in ("data_acls.py", "executions.py", "observation.py", "switch.py")
]
"""The code that a failover runs."""
NO_FAILOVER = {
    "arc-region-switch:ApprovePlanExecutionStep": "the plan's own approvals, which another role may have",
    "elasticache:DisassociateGlobalReplicationGroup": "haven failback --rebuild",
    "iam:SimulatePrincipalPolicy": "the simulation itself",
    "lambda:InvokeFunction": "haven reconcile, which compares rows",
    "rds:RemoveFromGlobalCluster": "haven failback --rebuild",
}
"""What the operators' role changes elsewhere, or doesn't change, and where."""
TRIED = {"s3:GetObject", "s3:ListBucket"}
"""What verifying an audit reads; a failover does so only to find a record that it may have written."""


class Aws:
    """Answers as IAM, KMS, EC2 and ElastiCache do, and keeps what IAM was asked."""

    def __init__(self, region: str, asked: list[Mapping[str, Any]], datastore: str = "ldgnf-cache") -> None:
        self.region, self.asked, self.datastore = region, asked, datastore

    def describe_key(self, *, KeyId: str) -> Mapping[str, Any]:  # noqa: N803  boto3's name
        assert KeyId == manifest().key
        return {"KeyMetadata": {"Arn": f"arn:aws:kms:{self.region}:1:key/k"}}

    def describe_network_acls(self, *, Filters: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803  boto3's name
        side = manifest().sides[self.region]
        assert Filters == [{"Name": "tag:Name", "Values": [side.database.network_acl]}]
        associations = [{"SubnetId": f"subnet-{each}"} for each in side.zones]
        return {"NetworkAcls": [{"VpcId": f"vpc-{self.region}", "Associations": associations}]}

    def describe_replication_groups(self, *, ReplicationGroupId: str) -> Mapping[str, Any]:  # noqa: N803  boto3's name
        assert ReplicationGroupId == manifest().sides[self.region].cache
        info = {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupId": self.datastore}} if self.datastore else {}
        return {"ReplicationGroups": [info]}

    def get_paginator(self, operation: str) -> "Aws":
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **asked: Any) -> Sequence[Mapping[str, Any]]:
        self.asked.append(asked)
        return [{"EvaluationResults": []}]


def simulated(use: str) -> Mapping[str, Any]:
    """What IAM is asked about a kind of resource."""
    asked: list[Mapping[str, Any]] = []
    permissions.questions(manifest(), lambda _, region: Aws(region, asked))[f"simulation of {use}", RECOVERY]()
    [found] = asked
    return found


def test_everything_that_a_failover_changes_or_reads_is_simulated_before() -> None:
    reading = ("Describe", "Get", "List", "BatchGet", "Query", "Scan")
    changing = {each.action for each in RIGHTS if not each.action.partition(":")[2].startswith(reading)}
    read = called(FAILOVER) & {each.action for each in RIGHTS} - changing
    plan = manifest().model_copy(update={"recovery_plan": "arn:aws:arc-region-switch::1:plan/p:1"})
    every = [manifest("backup"), manifest("pilot-light"), plan]
    named = {action for each in every for use in permissions.uses(each, RECOVERY) for action in use.actions}
    assert changing - named == NO_FAILOVER.keys()
    assert read - named <= TRIED
    assert {"elasticloadbalancing:DescribeTargetHealth", "rds:DescribeEvents", "kms:DescribeKey"} <= read & named


def test_one_simulation_is_under_way_at_a_time_and_each_action_on_the_same_is_in_one() -> None:
    under_way, most, asked = Lock(), [0], []

    class Slow(Aws):
        def paginate(self, **given: Any) -> Any:
            most[0] = max(most[0], 1 if under_way.acquire(blocking=False) else 2)
            asked.append(given)
            Event().wait(0.01)
            yield {"EvaluationResults": []}
            if under_way.locked():
                under_way.release()

    questions = permissions.questions(manifest(), lambda _, region: Slow(region, []))
    answers = ask_all({key: ask for key, ask in questions.items() if key[1] == RECOVERY}, 60)
    assert {each.unknown for each in answers.values()} == {""}
    assert (len(asked), most) == (len(answers), [1])
    kinds = [(each["ResourceArns"], each["ContextEntries"]) for each in asked]
    assert [kind for kind in kinds if kinds.count(kind) > 1] == []
    named = {action for use in permissions.uses(manifest(), RECOVERY) for action in use.actions}
    assert {action for each in asked for action in each["ActionNames"]} == named


def test_what_is_denied_in_a_simulation_of_several_is_that_line_s_alone() -> None:
    [alone] = bad({("simulation of a look at maintenance", RECOVERY): {"ec2:DescribeNetworkAcls": []}})
    assert (alone.what, alone.got) == ("permission for a look at the fence", "denied: ec2:DescribeNetworkAcls")


class Denying:
    """Lets nobody see anything."""

    def __getattr__(self, _: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "AnyOperation")


def test_of_the_direction_that_is_not_judged_nothing_is_simulated() -> None:
    asked: list[Mapping[str, Any]] = []

    def client(service: str, region: str) -> Any:
        return Aws(region, asked) if service == "iam" else Denying()

    failover.observe(Located(manifest()), client, RECOVERY, catalog=CATALOG, within=60)
    scaled = [each["ResourceArns"] for each in asked if "eks:UpdateNodegroupConfig" in each["ActionNames"]]
    assert {arn.split(":")[3] for arns in scaled for arn in arns} == {RECOVERY}


def test_closing_the_old_writer_is_simulated_in_its_own_region_and_vpc() -> None:
    asked = simulated(f"network ACLs in {PRIMARY}")
    assert asked["ActionNames"] == ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"]
    [acl] = asked["ResourceArns"]
    assert acl.startswith(f"arn:aws:ec2:{PRIMARY}:")
    vpc = acl.replace("network-acl/x", f"vpc/vpc-{PRIMARY}")
    assert asked["ContextEntries"] == [
        {"ContextKeyName": "ec2:Vpc", "ContextKeyValues": [vpc], "ContextKeyType": "string"}
    ]


def test_the_key_is_simulated_by_its_arn_in_the_name_of_the_service_that_uses_it() -> None:
    asked = simulated("the key of the database")
    assert (asked["ActionNames"], asked["ResourceArns"]) == (["kms:CreateGrant"], [f"arn:aws:kms:{RECOVERY}:1:key/k"])
    entries = {
        each["ContextKeyName"]: (each["ContextKeyValues"], each["ContextKeyType"]) for each in asked["ContextEntries"]
    }
    assert entries == {
        "kms:ViaService": ([f"rds.{RECOVERY}.amazonaws.com"], "string"),
        "kms:GrantIsForAWSResource": (["true"], "boolean"),
    }


def test_the_cache_s_promotion_is_simulated_on_its_global_datastore() -> None:
    """IAM is asked about no group for it."""
    asked = simulated("the cache's Global Datastore")
    actions = ["elasticache:FailoverGlobalReplicationGroup", "elasticache:DescribeGlobalReplicationGroups"]
    account = asked["PolicySourceArn"].split(":")[4]
    datastore = f"arn:aws:elasticache::{account}:globalreplicationgroup:ldgnf-cache"
    assert (asked["ActionNames"], asked["ResourceArns"]) == (actions, [datastore])


def test_of_a_cache_that_is_in_no_global_datastore_nothing_is_simulated() -> None:
    asked: list[Mapping[str, Any]] = []
    found = permissions.questions(manifest(), lambda _, region: Aws(region, asked, ""))
    assert (found["simulation of the cache's Global Datastore", RECOVERY](), asked) == (None, [])
