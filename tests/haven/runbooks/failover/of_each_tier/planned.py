"""The ground of a tier as Haven's program plans it: its stores, sizes, switches and queues by their own names.

What the emulator lacks is left out of the manifest (what runs on the clusters) or answered by a model (node groups).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from haven.emulator.clients import Clients
from tests.environments import environment
from tests.haven.runbooks.failover.ground import Ground, ground_of, manifest
from tests.haven.runbooks.failover.of_each_tier.node_groups import NodeGroups
from tests.simulation.model import P, R


def planned(tier: str) -> Mapping[str, Any]:
    """The recovery manifest of a tier's shipped stack, with the ground's own names for what it writes itself."""
    document: dict[str, Any] = json.loads(json.dumps(environment(tier).outputs["manifest"]))
    own = manifest()
    assert document["regions"] == own["regions"]
    stores = document["operations"]["heartbeats"]["stores"]
    operations = {**own["operations"], "heartbeats": {"stores": stores}}
    database = {**document["database"], "globalCluster": own["database"]["globalCluster"]}
    for side in document["sides"].values():
        del side["workloads"], side["inference"]
    return {**document, "environment": own["environment"], "operations": operations, "database": database}


@contextmanager
def planned_ground(folder: Path, tier: str) -> Iterator[Ground]:
    """An environment of a tier, as it is planned, in an emulator of its own."""
    document = planned(tier)
    with ground_of(folder, document) as ground:
        NodeGroups(document, P).answer_in(ground.gateway)
        for table in document["replicatedTables"]:
            _replicated(ground.aws, table)
        yield ground


def _replicated(aws: Clients, table: str) -> None:
    tables = aws.of("dynamodb", P)
    tables.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.update_table(TableName=table, ReplicaUpdates=[{"Create": {"RegionName": R}}])
