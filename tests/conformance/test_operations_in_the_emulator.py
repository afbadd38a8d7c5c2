"""What runbooks need is deployed, plans clean, and takes what they write."""

import pulumi
import pulumi_aws as aws
import pytest

from haven.emulator.clients import Clients
from haven.program.recording import Recording
from haven_components import OperationsStore, OperationsStoreArgs
from tests.conformance.live_environment import Living
from tests.conformance.test_moving_parts import ACCOUNT, declared, living, url  # noqa: F401  fixtures
from tests.environments import PRIMARY, RECOVERY

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800), pytest.mark.exhaustive]


def stores() -> Recording:
    def program(providers: dict[str, aws.Provider]) -> None:
        for region, provider in providers.items():
            args: OperationsStoreArgs = {
                "region": region,
                "account_id": ACCOUNT,
                "table_name": "operations",
                "ephemeral": True,
            }
            if region == PRIMARY:
                args["audit"] = {"bucket_name": "haven-test-audit"}
            OperationsStore(f"operations-{region}", args, pulumi.ResourceOptions(providers=[provider]))

    return declared(program)


def test_an_operations_store_takes_what_runbooks_write_and_plans_clean(living: Living, url: str) -> None:  # noqa: F811
    living.deploy(stores())
    assert living.plan(stores()) == []
    clients = Clients(url)
    key = {"id": {"S": "lease"}, "entry": {"S": "0"}}
    for region in (PRIMARY, RECOVERY):
        clients.of("dynamodb", region).put_item(TableName="operations", Item=key)
        assert clients.of("dynamodb", region).get_item(TableName="operations", Key=key)["Item"] == key
    s3 = clients.of("s3", PRIMARY)
    record = {"Bucket": "haven-test-audit-euw1", "Key": "audit/a/000000.json", "Body": b"{}"}
    s3.put_object(**record, IfNoneMatch="*")
    kept = s3.head_object(Bucket=record["Bucket"], Key=record["Key"])
    assert kept["ObjectLockMode"] == "GOVERNANCE"
