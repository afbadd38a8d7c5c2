"""Operators in the simulator: each one is a machine with a clock, a disk and the runbook's own code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.run import Operator
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.audit import Audit, Bucket
from haven.runbooks.workflow.journal import Journal
from haven.runbooks.workflow.lease import Lease
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Pause
from haven.runbooks.workflow.table import Table
from tests.simulation import workloads
from tests.simulation.aws.network_acls import DATA_ACL
from tests.simulation.clock import Memory, Simulation
from tests.simulation.model import THIRD, P, R

RPO_MINUTES = 5.0


def manifest_document(*, standby: int = 1, rpo_minutes: float = RPO_MINUTES) -> Mapping[str, Any]:
    """A small environment of tier `warm`; without a standby instance its member is headless."""

    def side(region: str) -> Mapping[str, Any]:
        groups = {f"{region}-gpu": {"full": [3, 3, 4], "standby": [1, 1, 4]}}
        return {
            "cluster": {"name": f"c-{region}", "nodeGroups": groups},
            "database": {
                "cluster": f"db-{region}",
                "instances": {f"db-{region}-1": None},
                "standby": standby,
                "subnetGroup": f"subnets-{region}",
                **({"networkAcl": DATA_ACL} if region == P else {}),  # R's network was there before
            },
            "zones": [f"{region}a"],
            "balancer": {"targetGroup": f"tg-{region}"},
            "buckets": {},
            "queues": {"jobs": f"jobs-{region}-queue"},
            "cache": f"cache-{region}",
            "vault": "vault",
            **workloads.manifest(region),
        }

    switches = {
        region: {"writeIn": other, "alarm": f"off-{region}", "namespace": "N", "metric": "Off", "dimensions": {}}
        for region, other in ((P, R), (R, P))
    }
    return {
        "version": 1,
        "environment": "sim",
        "account": "111122223333",
        "tier": "warm",
        "regions": {"primary": P, "recovery": R},
        "database": {"globalCluster": "db-global", "instanceClass": "db.r6g.large"},
        "objectives": {"rpoMinutes": rpo_minutes},
        "replicationRule": "r",
        "replicatedTables": [],
        "sides": {P: side(P), R: side(R)},
        "traffic": switches,
        "service": "inference.example.com",
        "operations": {
            "tables": {P: "operations", R: "operations", THIRD: "operations"},
            "audit": {R: "audit"},
            "mode": "/haven/sim/write-mode",
            "heartbeats": {
                "stores": {"database": True, "cache": True, "bucket:models": False, "table:sessions": False},
                "objectsWithinMinutes": 15,
            },
        },
    }


def _parsed(rpo_minutes: float) -> Mapping[int, RecoveryManifest]:
    documents = {standby: manifest_document(standby=standby, rpo_minutes=rpo_minutes) for standby in (0, 1)}
    return {standby: parse(json.dumps(each), "a test") for standby, each in documents.items()}


MANIFESTS, PATIENT = _parsed(RPO_MINUTES), _parsed(1e6)
"""By the standby instances of the database; the patient ones have an objective that is met days later."""
FORWARDING = MANIFESTS[1].model_copy(update={"tier": "active-active"})
"""Of the tier in which readers forward their clients' writes."""


@dataclass
class Machine:
    """One operator's process."""

    name: str
    operator: Operator
    outcome: list[Any] = field(default_factory=list)
    """Its report, or the exception that ended it; empty while it runs, or if it was killed."""


def machine(
    simulation: Simulation,
    name: str,
    *,
    to: str = R,
    skew: float = 0.0,
    manifest: RecoveryManifest = MANIFESTS[1],
    make: type[Operator] = Operator,
) -> Machine:
    """A machine that is ready to run a failover."""
    clock = simulation.machine(skew)
    tables = [
        Table(region, table) for region, table in (manifest.operations.tables if manifest.operations else {}).items()
    ]
    journal = Journal(Table(to, "operations"), Memory(), clock, name, name)
    audit = Audit(name, name, Memory(), Bucket(to, "audit"), clock)
    operator = make(
        Site(manifest, to, clock), Lease(tables, name, name, clock), journal, audit, lambda: f"workflow-{name}"
    )
    return Machine(name, operator)


def start(
    simulation: Simulation, machine: Machine, request: Request, at: float, confirmed_after: float | None = None
) -> None:
    """Let a machine begin at a time; for some seconds somebody reads what it shows. None: nobody is shown anything."""

    async def confirmed(seconds: float) -> Report:
        preview = await machine.operator.preview(request)
        if preview.why_not:
            return Report(State.REFUSED, [preview.why_not])
        await Pause(seconds)
        return await machine.operator.run(request)

    def begin() -> None:
        shown = machine.operator.run(request) if confirmed_after is None else confirmed(confirmed_after)
        simulation.start(machine.name, shown, ended)

    def ended(outcome: Any) -> None:
        without_frames = isinstance(outcome, Exception)  # which know the whole scenario
        machine.outcome.append(outcome.with_traceback(None) if without_frames else outcome)

    simulation.at(at, machine.name, begin)
