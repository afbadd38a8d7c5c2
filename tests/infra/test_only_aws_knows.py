"""What AWS's documentation leaves open is declared on the side that fails early (decision 8)."""

import json

import pytest

from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY, environment, of_type


def test_a_cache_group_joins_its_datastore_with_its_own_key_and_the_primary_s_token_and_no_port() -> None:
    recording = environment("warm")
    (primary,) = of_type(recording, aws.ELASTICACHE_REPLICATION_GROUP, PRIMARY)
    (member,) = of_type(recording, aws.ELASTICACHE_REPLICATION_GROUP, RECOVERY)
    inherited = {"engine", "engineVersion", "nodeType", "numNodeGroups", "parameterGroupName", "port"}
    inherited |= {"atRestEncryptionEnabled", "transitEncryptionEnabled"}
    assert inherited <= primary.inputs.keys()
    assert not inherited & member.inputs.keys()
    assert primary.inputs["port"] == 6379
    # Read back, it has the default one; a port that is declared nowhere would replace the group (provider 5.100).
    assert "port" in member.options.ignore_changes
    assert member.inputs["authToken"].value == primary.inputs["authToken"].value
    assert member.inputs["kmsKeyId"] != primary.inputs["kmsKeyId"]


@pytest.mark.parametrize("type_", [aws.KMS_KEY, aws.KMS_REPLICA_KEY])
def test_replication_of_tables_may_use_the_key_in_both_regions(type_: str) -> None:
    keys = (each for each in environment("warm").real() if each.type == type_)
    (key,) = (each for each in keys if not each.name.startswith("haven-warm-operations"))
    statements = {each["Sid"]: each for each in json.loads(key.inputs["policy"])["Statement"]}
    role = "replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication"
    for sid in ("ReplicasOfTables", "ReplicasOfTablesStayAttachable"):
        condition = statements[sid]["Condition"]["StringEquals"]
        assert condition["aws:PrincipalArn"].endswith(f":role/aws-service-role/{role}")
        assert condition["kms:CallerAccount"] == "111122223333"
    assert statements["ReplicasOfTablesStayAttachable"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
    assert "kms:Decrypt" in statements["ReplicasOfTables"]["Action"]


def test_metric_alarms_that_exist_stop_every_experiment() -> None:
    recording = environment("warm")
    alarms = {each.inputs["name"]: each for each in recording.real() if each.type == aws.CLOUDWATCH_METRIC_ALARM}
    templates = [each for each in recording.real() if each.type == aws.FIS_EXPERIMENT_TEMPLATE]
    assert templates
    for each in templates:
        (stop,) = each.inputs["stopConditions"]
        alarm = alarms[stop["value"].rpartition(":")[2]]
        assert alarm.urn in each.options.property_dependencies["stopConditions"]
