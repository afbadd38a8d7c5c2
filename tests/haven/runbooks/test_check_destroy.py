"""Whether an environment can be destroyed, from what AWS answers; botocore holds that against AWS's own model."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from haven.base import exits
from haven.cli.main import main
from haven.runbooks import check_destroy
from haven.runbooks.check_destroy import Roles, obstacles, read
from haven.runbooks.clients import Client, UnansweredError
from tests.environments import PRIMARY, RECOVERY, ROOT, environment

DATASTORE = "ldgnf-haven-warm-cache-global"


def manifest() -> Mapping[str, Any]:
    """The recovery manifest of a shipped stack."""
    found: Mapping[str, Any] = environment("warm").outputs["manifest"]
    return found


def session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")


def answering(*, database: str | None, cache: str | None) -> Client:
    """Clients of an AWS where these Regions' sides are the primaries; None: nothing is there."""

    def client(service: str, region: str) -> Any:
        made = session().client(service, region)
        stub = Stubber(made)
        if service == "rds":
            _answer_for_the_database(stub, database)
        else:
            _answer_for_the_cache(stub, region, cache)
        stub.activate()
        return made

    return client


def _answer_for_the_database(stub: Stubber, writer: str | None) -> None:
    name = manifest()["database"]["globalCluster"]
    asked = {"GlobalClusterIdentifier": name}
    if writer is None:
        stub.add_client_error("describe_global_clusters", "GlobalClusterNotFoundFault", expected_params=asked)
        return
    members = [
        {"DBClusterArn": f"arn:aws:rds:{region}:111122223333:cluster:c", "IsWriter": region == writer}
        for region in (PRIMARY, RECOVERY)
    ]
    answer = {"GlobalClusters": [{"GlobalClusterIdentifier": name, "GlobalClusterMembers": members}]}
    stub.add_response("describe_global_clusters", answer, asked)


def _answer_for_the_cache(stub: Stubber, region: str, primary: str | None) -> None:
    asked = {"ReplicationGroupId": manifest()["sides"][region]["cache"]}
    if primary is None:
        stub.add_client_error("describe_replication_groups", "ReplicationGroupNotFoundFault", expected_params=asked)
        return
    role = "PRIMARY" if region == primary else "SECONDARY"
    info = {"GlobalReplicationGroupId": DATASTORE, "GlobalReplicationGroupMemberRole": role}
    stub.add_response(
        "describe_replication_groups", {"ReplicationGroups": [{"GlobalReplicationGroupInfo": info}]}, asked
    )


def found(active: str, client: Client) -> list[str]:
    return [each.render() for each in obstacles(manifest(), active, read(manifest(), client))]


def test_without_a_promotion_nothing_blocks_a_destroy() -> None:
    assert read(manifest(), answering(database=PRIMARY, cache=PRIMARY)) == Roles(PRIMARY, PRIMARY, DATASTORE)
    assert found(PRIMARY, answering(database=PRIMARY, cache=PRIMARY)) == []


def test_what_is_gone_already_blocks_nothing() -> None:
    assert read(manifest(), answering(database=None, cache=None)) == Roles(None, None)
    assert found(PRIMARY, answering(database=None, cache=None)) == []


def test_a_promoted_database_has_to_be_named_as_the_active_side_first() -> None:
    (problem,) = found(PRIMARY, answering(database=RECOVERY, cache=PRIMARY))
    assert problem.startswith(f'the database: got "{RECOVERY}" as the writing Region while haven:active is "{PRIMARY}"')
    assert f"set haven:active to {RECOVERY} and run pulumi up" in problem
    assert found(RECOVERY, answering(database=RECOVERY, cache=PRIMARY)) == []


def test_a_promoted_cache_has_to_be_given_back_whichever_side_is_active() -> None:
    for active in (PRIMARY, RECOVERY):
        (problem,) = found(active, answering(database=active, cache=RECOVERY))
        assert problem.startswith(f'the cache: got "{RECOVERY}" as the primary of Global Datastore {DATASTORE}')
        group = manifest()["sides"][PRIMARY]["cache"]
        assert f"--primary-region {PRIMARY} --primary-replication-group-id {group};" in problem


def test_the_page_that_is_named_has_the_section_that_is_named() -> None:
    assert "\n## Destroying\n" in (ROOT / check_destroy.PAGE).read_text()


def silent(_: str, region: str) -> Any:
    """A client of a Region that is lost."""
    made = session().client("rds", region)

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=f"https://rds.{region}.amazonaws.com")

    made.meta.events.register("before-send", refuse)
    return made


def test_a_region_that_is_silent_is_named() -> None:
    with pytest.raises(UnansweredError, match=f"asked RDS in {PRIMARY} for the database's members: "):
        read(manifest(), silent)


@pytest.mark.parametrize(
    ("client", "code", "text"),
    [
        (
            answering(database=PRIMARY, cache=PRIMARY),
            0,
            "The roles of database and cache allow pulumi destroy of stack warm.",
        ),
        (answering(database=RECOVERY, cache=RECOVERY), 1, "2 obstacles to pulumi destroy of stack warm:"),
        (silent, 3, "haven can't go on: asked RDS in eu-west-1"),
    ],
)
def test_the_command_says_it_with_its_exit_code(
    client: Client,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("haven.runbooks.clients.signed_in", lambda regions, _: asked.extend(regions))
    monkeypatch.setattr("haven.runbooks.clients.clients", lambda _, credentials: client)
    assert main(["check-destroy", "warm", "-C", str(ROOT)]) == code
    output = capsys.readouterr()
    assert asked == [PRIMARY, RECOVERY]
    assert text in (output.err if code == exits.MISSING_DEPENDENCY else output.out)


def test_a_stack_without_a_database_is_no_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-destroy", "account", "-C", str(ROOT)]) == exits.BAD_INPUT
    assert 'STACK: got "account"; allowed: the stack of an environment' in capsys.readouterr().err
