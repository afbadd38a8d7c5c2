"""What a move to another tier means for existing resources."""

from itertools import pairwise

import pytest

from haven.plan.difference import diff_recordings
from haven.program import aws_types as aws
from tests.environments import TIERS, environment

UP, DOWN = [*pairwise(TIERS)], [*pairwise(reversed(TIERS))]

CHANGED_IN_PLACE = {
    aws.BACKUP_PLAN: {"rules"},
    aws.CLOUDWATCH_COMPOSITE_ALARM: {"alarmRule"},
    aws.CLOUDWATCH_DASHBOARD: {"dashboardBody"},
    aws.CLOUDWATCH_METRIC_ALARM: {
        "alarmDescription",
        "datapointsToAlarm",
        "evaluationPeriods",
        "metricQueries",
    },
    aws.EC2_VPC_ENDPOINT: {"subnetIds"},
    aws.EKS_NODE_GROUP: {"scalingConfig"},
    aws.IAM_ROLE_POLICY: {"policy"},
    aws.LAMBDA_FUNCTION: {"code", "environment", "vpcConfig"},
    aws.RDS_CLUSTER: {"enableGlobalWriteForwarding"},
    aws.ROUTE53_RECORD: {"aliases"},
    aws.ROUTE53_ZONE: {"vpcs"},
    aws.S3_BUCKET_REPLICATION_CONFIG: {"rules"},
    aws.SSM_PARAMETER: {"insecureValue"},
    "kubernetes:apps/v1:Deployment": {"spec.replicas", "spec.template"},
    "kubernetes:batch/v1:CronJob": {"spec.suspend"},
    "kubernetes:batch/v1:Job": {"spec.suspend"},
}
"""Type -> what a move may change of it; AWS changes all of these in place (AWS provider's documentation of these
resources; read 2026-11-21), and so does Kubernetes, which keeps a Job's template as it is."""


@pytest.mark.parametrize(("before", "after"), [*UP, *DOWN])
def test_a_move_changes_only_what_aws_changes_in_place(before: str, after: str) -> None:
    found = diff_recordings(*(environment("backup", tier=each) for each in (before, after)))
    changed = {(each.record.type, one.path) for each in found.changed for one in each.properties}
    replaced = {
        (type_, path)
        for type_, path in changed
        if not any(path.startswith(each) for each in CHANGED_IN_PLACE.get(type_, ()))
    }
    assert replaced == set()


@pytest.mark.parametrize(("before", "after"), UP)
def test_a_move_up_removes_nothing_but_records_of_another_routing_and_restore_tests(before: str, after: str) -> None:
    found = diff_recordings(*(environment("backup", tier=each) for each in (before, after)))
    tests = {aws.BACKUP_RESTORE_TESTING_PLAN, aws.BACKUP_RESTORE_TESTING_SELECTION}
    assert {each.type for each in found.removed} <= {aws.ROUTE53_RECORD, *tests}
    assert not any(each.options.protect for each in found.removed)
