"""The recovery manifest as runbooks read it: from either Region or from a file, and checked."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic.alias_generators import to_camel

from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, shown
from haven.model.tiers import STANDBY, Tier
from haven.runbooks import manifest_checks as checks
from haven.runbooks.clients import Client
from haven.runbooks.manifest_parameters import parameter, stored
from haven.runbooks.observation import ask_all

VERSION = 1
_REWRITE = (
    "run pulumi up with haven:active as it is, which writes the manifest; until then read the other Region's with"
    " --region, or give a copy with --manifest"
)
_ANOTHER = "give another copy, or leave --manifest out: --region REGION reads the manifest in a Region that answers"
Sizes = Annotated[tuple[int, int, int], Field(description="minimum, desired and maximum size")]


class _Part(BaseModel):
    """What is read must be there; what a newer program adds is kept aside, to be named."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel)
    UNREAD: ClassVar[frozenset[str]] = frozenset()
    """Keys that people and scripts read, and no runbook."""


class RegionPair(_Part):
    """The environment's Regions; the roles are those of its first deployment."""

    primary: str
    recovery: str


class Reservation(_Part):
    """The capacity reservation that a node group starts in."""

    id: str
    zone: str


class NodeGroup(_Part):
    """Sizes of one node group."""

    full: Sizes
    standby: Sizes
    gpu: bool = False
    """Whether it has the nodes of models."""
    pool: str = ""
    """Its name in both Regions, as plans have it; empty: the manifest is of an older program."""
    image_gib: float | None = None
    """What its images take unpacked. None: unknown."""
    weights_gib: float | None = None
    """The weights that a node loads. None: unknown."""
    streamed: bool = False
    """Whether its servers stream weights from S3."""
    types: Sequence[str] = ()
    """Its instance types; empty: deployed before they were here."""
    reservation: Reservation | None = None
    """None: on-demand capacity."""
    stand_ins: Mapping[str, float] = {}
    """Other groups on which all servers of this one may run, as `pool` names them -> how many of this group's nodes one
    of theirs replaces. Empty: there is none, or deployed before they were here."""


class Cluster(_Part):
    """One Region's EKS cluster."""

    name: str
    node_groups: Mapping[str, NodeGroup]


class DatabaseSide(_Part):
    """One Region's member of the global database."""

    UNREAD = frozenset({"secret"})
    cluster: str
    instances: Mapping[str, str | None]
    """Instance to its zone, at full scale."""
    standby: int | None = None
    """Instances at standby scale; None: no member at all. `pulumi stack output` leaves out what is null."""
    subnet_group: str = ""
    network_acl: str = ""
    """Tag `Name` of the network ACL of its subnets; empty: an existing network's, or deployed before it was here."""
    global_cluster: str = ""
    """Of a database that is restored here, and has a global cluster of its own; empty: the environment's."""

    @property
    def restored(self) -> bool:
        """Whether a failover to it restores it from a backup, for nothing replicates it."""
        return self.standby is None or bool(self.global_cluster)


class Balancer(_Part):
    """One Region's load balancer."""

    UNREAD = frozenset({"securityGroup", "targetPort"})
    target_group: str
    name: str = ""


class WorkloadSizes(_Part):
    """Replicas of a Deployment: minimum and maximum."""

    full: tuple[int, int]
    standby: tuple[int, int]


class Workload(_Part):
    """What runs of one system on a Region's cluster."""

    system: str
    kind: str
    deployments: Mapping[str, WorkloadSizes] = {}
    """NAMESPACE/NAME -> its sizes."""
    jobs: Sequence[str] = ()
    """NAMESPACE/NAME of jobs that are suspended on standby."""
    fallback: str = ""
    """NAMESPACE/NAME of the Deployment that answers while the servers don't; empty: none is declared."""


class GoldenPrompt(_Part):
    """A request whose answer shows that a model works."""

    prompt: str
    expect: str
    """Regular expression that the answer contains."""
    within_seconds: float


class Inference(_Part):
    """What shows from outside that a Region infers."""

    url: str
    model: str
    system: str = ""
    """Whose servers answer; empty: one of the workloads."""
    prompts: Sequence[GoldenPrompt]


class Weights(_Part):
    """Weights of one version of a model that serves."""

    bucket: str
    """As `buckets` of each side calls it."""
    prefix: str
    gib: float
    """Size in the stack file."""


class Backups(_Part):
    """What is promised of the copies in the vaults."""

    newest_minutes: float
    """The oldest that the newest copy of a store may be."""
    restore_tests: bool


class Side(_Part):
    """One Region."""

    cluster: Cluster
    database: DatabaseSide
    buckets: Mapping[str, str]
    tables: Mapping[str, str] = {}
    """Table in the config to its name."""
    queues: Mapping[str, str] = {}
    """Queue in the config to its name; empty: there is none, or deployed before they were here."""
    cache: str
    vault: str
    balancer: Balancer | None = None
    workloads: Sequence[Workload] = ()
    """In the order in which a recovery starts them."""
    inference: Inference | None = None
    zones: Sequence[str] = ()
    """Zones of its nodes; empty: deployed before they were here."""
    addresses: int = 0
    """Elastic IP addresses at full scale."""


class GlobalCluster(_Part):
    """The global database."""

    UNREAD = frozenset({"engineVersion", "secret"})
    global_cluster: str
    instance_class: str = ""


class Heartbeats(_Part):
    """What has heartbeats, in both Regions alike."""

    functions: Mapping[str, str] = {}
    """Region to the Lambda function that writes them there and records what arrived."""
    stores: Mapping[str, bool]
    """Each store, and each shard of a cache, as the operations tables call it; whether its replication is ordered, so
    that what is older than an arrived heartbeat has arrived too. S3 and DynamoDB have no order across keys."""
    objects_within_minutes: float | None = None
    """Within which S3 replicates objects. None: it promises no time, or the environment was deployed before this was
    written down."""


class Operations(_Part):
    """What runbooks keep of themselves, beside the environment."""

    tables: Mapping[str, str]
    """Region to its operations table, with lease, journal and heartbeats: both Regions and a third one."""
    heartbeats: Heartbeats
    audit: Mapping[str, str] = {}
    """Region to its audit bucket."""
    mode: str = ""
    """Name, in both Regions, of the parameter that tells applications whether they may write; empty: there is none."""
    role: str = ""
    """ARN of the operators' role; empty: the stack file names nobody who may take it."""


class Switch(_Part):
    """How one Region's traffic is turned off: by a metric that the other Region's alarm reads."""

    write_in: str
    alarm: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]


class Objectives(_Part):
    """What the business asks for."""

    UNREAD = frozenset({"availabilityPercent"})
    rto_minutes: float | None = None
    rpo_minutes: float | None = None


class RecoveryManifest(_Part):
    """What exists where, at full scale and at standby scale; it doesn't depend on which Region is active."""

    version: int
    environment: str
    account: str | None
    tier: str
    regions: RegionPair
    database: GlobalCluster
    sides: Mapping[str, Side]
    replicated_tables: Sequence[str]
    """Names of the replicated tables, the same in both Regions."""
    replication_rule: str
    """Id of the buckets' replication rules."""
    objectives: Objectives
    key: str = ""
    """Alias of the environment's key, the same in both Regions."""
    restore_role: str = ""
    """ARN of the role with which AWS Backup restores; empty: the environment was deployed before there was one here."""
    traffic: Mapping[str, Switch] = {}
    service: str = ""
    """The name under which clients reach the environment, whichever Region answers; empty: there is none."""
    operations: Operations | None = None
    """None: the environment was deployed without."""
    images: Sequence[str] | None = None
    """REPOSITORY@DIGEST of each image that pods need, in both registries. None: older, as for the next three."""
    weights: Sequence[Weights] | None = None
    secrets: Sequence[str] | None = None
    """Names of the replicated secrets, the same in both Regions."""
    backups: Backups | None = None
    recovery_plan: str = ""
    """ARN of the ARC Region switch plan; empty: there is none, or the environment was deployed before it was here."""
    _named: str = PrivateAttr("")

    @property
    def named(self) -> str:
        """The words that name the environment in a command, quoted for a shell: its name, and where its manifest is."""
        return self._named or shlex.quote(self.environment)

    def named_by(self, words: Sequence[str]) -> "RecoveryManifest":
        """The same, with the words that named it on the command line.

        Args:
            words: as they were typed, unquoted; every command that takes an ENVIRONMENT takes them.
        """
        found = self.model_copy()
        found._named = shlex.join(words)
        return found

    @property
    def replicates_cache(self) -> bool:
        """Whether the caches of both Regions are one Global Datastore."""
        return STANDBY[Tier(self.tier)].cache

    @property
    def forwards_writes(self) -> bool:
        """Whether the database's readers in one Region forward their clients' writes to the writer in the other."""
        return STANDBY[Tier(self.tier)].write_forwarding

    @property
    def both(self) -> tuple[str, str]:
        """Primary and recovery Region."""
        return self.regions.primary, self.regions.recovery

    def other(self, region: str) -> str:
        """The Region beside this one."""
        return self.regions.recovery if region == self.regions.primary else self.regions.primary


@dataclass(frozen=True)
class Located:
    """A manifest, and what is wrong with the copies."""

    manifest: RecoveryManifest
    remarks: Sequence[str] = field(default_factory=tuple)


class SilentError(MissingDependency):
    """No Region that was asked for the manifest answers."""


def parse(text: str, where: str, fix: str = _REWRITE) -> RecoveryManifest:
    """Read a manifest.

    Args:
        text: all of it.
        where: its place, for the error.
        fix: what to do where it can't be used. Omitted: what is done with one in AWS.

    Raises:
        Problems: it isn't one, or is of a version that this tool doesn't know; all problems at once.
    """
    try:
        found = checks.document(text)
    except ValueError as error:
        raise Problems([Problem("the manifest", str(error), "a JSON object", fix)], where) from None
    if (version := found.get("version")) != VERSION:
        raise Problems([Problem("version", shown(version), str(VERSION), checks.other_version(fix))], where)
    try:
        manifest = RecoveryManifest.model_validate(found)
    except ValidationError as error:
        raise Problems(checks.form_problems(error, fix), where) from None
    tables = manifest.operations.tables if manifest.operations is not None else None
    wanted = {"rtoMinutes": manifest.objectives.rto_minutes, "rpoMinutes": manifest.objectives.rpo_minutes}
    if wrong := list(
        checks.content_problems(manifest.both, manifest.sides, tables, wanted, tier=manifest.tier, fix=fix)
    ):
        raise Problems(wrong, where)
    return manifest


def read_file(file: Path) -> RecoveryManifest:
    """Read a copy that was kept.

    Raises:
        Problems: it can't be read, or isn't a manifest.
    """
    try:
        return parse(checks.text_of(file.read_bytes()), str(file), _ANOTHER)
    except (OSError, UnicodeError) as error:
        got = f"{shown(str(file))}: {error.strerror if isinstance(error, OSError) else error}"
        fix = "name the file that `pulumi stack output manifest --json` was written to"
        raise Problems([Problem("--manifest", got, "a file that can be read, in UTF-8 or UTF-16", fix)]) from None


def locate(environment: str, regions: Sequence[str], client: Client) -> Located:
    """Read the manifest from whichever Region answers.

    Raises:
        MissingDependency: this machine has no credentials.
        SilentError: no Region answers.
        Problems: no Region that answers has it, or what they have can't be read.
    """
    name = parameter(environment)
    answers = ask_all({region: _question(client, region, name) for region in regions})
    kept = {region: str(answer.value) for region, answer in answers.items() if answer.value is not None}
    if not kept:
        got = "; ".join(f"{region}: {answer.unknown or 'no such parameter'}" for region, answer in answers.items())
        if not any(answer.reached for answer in answers.values()):
            try_ = "try again, ask another Region with --region, or give a copy with --manifest FILE"
            raise SilentError(f"nobody answers for the manifest of {environment}: {got}; {try_}")
        fix = (
            "check the environment's name, the account and the rights (ssm:GetParameter) of the credentials, and"
            " --region, or give --manifest FILE"
        )
        raise Problems([Problem(f"environment {environment}", got, f"parameter {name} in one of its Regions", fix)])
    without = [(region, answer) for region, answer in answers.items() if region not in kept]
    remarks = [f"the manifest in {region}: {answer.unknown or 'missing'}" for region, answer in without]
    if len(set(kept.values())) > 1:
        remarks.append(f"the manifests in {' and '.join(kept)} differ: the program's last deployment reached one only")
    first = next(iter(kept))
    return Located(parse(kept[first], f"{name} in {first}"), remarks)


def _question(client: Client, region: str, name: str) -> Any:
    return lambda: stored(client("ssm", region), name)
