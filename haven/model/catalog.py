"""What AWS sells: instance types, where they are offered, and the database classes that Aurora PostgreSQL takes.

The figures are data files with a source and a date (`data/sources.json`). A project can carry newer ones in its own
`data/` folder, which `haven data refresh` writes; they are committed with the project, so that every machine plans with
the same figures.
"""

import csv
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

PROJECT_FOLDER = "data"
"""The folder beside Pulumi.yaml with a project's own, newer files."""

INSTANCES, OFFERINGS = "instances.csv", "offerings.csv"
_EKS_ZONES, _AURORA_FAMILIES = "eks_zones.csv", "aurora_families.csv"
_MANAGED_CLASSES = "managed_classes.csv"
SOURCES = "sources.json"
AURORA_VERSIONS = "aurora_versions.csv"
_QUOTAS = "quotas.csv"

NO_ON_DEMAND_PRICE = frozenset({"p5e.48xlarge"})
"""Sold as EC2 Capacity Blocks only: no price list has an on-demand price.
Source: AWS price list of 2026-07-20 (us-east-1) and EC2 Capacity Blocks pricing page, retrieved 2026-11-25."""

_FAMILY = re.compile(r"(?P<letters>[a-z]+)(?P<generation>\d*)(?P<attributes>[a-z0-9-]*)")
_NVIDIA = re.compile(r"(g[3-9]|gr[6-9]|p[2-9])(?!.*ad$)")
_AMD, _NEURON = re.compile(r"g\d+ad$"), re.compile(r"(inf|trn)\d")


@dataclass(frozen=True)
class InstanceType:
    """What one EC2 instance type has."""

    name: str
    vcpu: int
    memory_gib: float
    gpus: float
    """Accelerators; below 1 for a partition of one."""
    gpu_model: str
    """Empty without one."""
    gpu_memory_gib: float
    """Of each accelerator; 0 without one."""
    nvme_gb: int
    """Instance store, decimal GB; 0 without one."""
    ebs_max_mb_s: float
    """Largest EBS throughput, MB/s; 0 where the data has none."""


@dataclass(frozen=True)
class Source:
    """Where a data file is from."""

    description: str
    source: str
    retrieved_on: str
    """The day, YYYY-MM-DD."""


@dataclass(frozen=True)
class Quota:
    """One service quota that an environment needs."""

    service: str
    code: str
    name: str
    counts: str
    """First letters of the instance families whose vCPUs count; `addresses` or `vpcs` where it counts those."""


class Catalog:
    """The data files, each read when it is first asked for.

    Args:
        project: a project's root, whose `data/` folder may hold newer files. Omitted: the shipped files only.
    """

    def __init__(self, project: Path | None = None) -> None:
        self._folder = project / PROJECT_FOLDER if project else None

    def source(self, name: str) -> Source:
        """Where a data file is from, and of which day it is."""
        own = self._own(SOURCES)
        kept = json.loads(own.read_text(encoding="utf-8")) if own else {}
        entry = kept.get(name) if self._own(name) else None
        return Source(**(entry or json.loads(_shipped(SOURCES))[name]))

    def rows(self, name: str) -> Sequence[Mapping[str, str]]:
        """The lines of a data file, column by column."""
        return list(_rows(self.text(name)))

    def quotas(self) -> Sequence[Quota]:
        """The service quotas that an environment needs, per Region."""
        return [Quota(**row) for row in _rows(_shipped(_QUOTAS))]

    def quota_of(self, name: str) -> Quota | None:
        """The quota that counts the vCPUs of an instance type; None where the data has none."""
        return next((each for each in self.quotas() if family_letters(name) in each.counts.split()), None)

    def instance(self, name: str) -> InstanceType | None:
        """What an instance type has; None where the data doesn't know it."""
        return self._instances().get(name)

    def zone_ids(self, name: str, region: str) -> Sequence[str] | None:
        """The zone ids that offer an instance type in a Region: none where it isn't offered there, None where the data
        knows nothing of the Region or of the type."""
        offerings = self._offerings()
        if region not in offerings or not any(name in each for each in offerings.values()):
            return None
        return offerings[region].get(name, ())

    def regions(self) -> Collection[str]:
        """The Regions of which the data knows what they offer."""
        return self._offerings().keys()

    def zone_count(self, region: str) -> int:
        """The highest number of a zone id of a Region, which is how many zone names it has at least; 0 where the data
        doesn't know the Region."""
        ids = {each for zones in self._offerings().get(region, {}).values() for each in zones}
        numbers = (each.rpartition("-az")[2] for each in ids)
        return max((int(each) for each in numbers if each.isdigit()), default=0)

    def offered(self, region: str) -> Sequence[str]:
        """The instance types of the data that a Region offers, in the order of their names."""
        return sorted(self._offerings().get(region, {}))

    def is_known(self, name: str) -> bool:
        """Whether there is such an EC2 instance type, as far as the data, pulumi-aws and botocore know."""
        known = (self._instances(), *self._offerings().values(), _enumerated("ec2"))
        return any(name in each for each in known) or name in _types_of_botocore()

    def instance_types(self, family: str = "") -> Sequence[str]:
        """The instance types that the data describes, of one family or of all."""
        return [name for name in self._instances() if not family or name.partition(".")[0] == family]

    def nearest_offered(self, name: str, regions: Sequence[str], count: int = 3) -> Sequence[str]:
        """The types that all of these Regions offer and that are most like the one called `name`: same architecture and
        kind of accelerator, then the closest in accelerators, their memory, and vCPUs. A Region that the data doesn't
        know counts as offering everything."""
        known = [self._offerings()[region].keys() for region in regions if region in self._offerings()]
        names = set.intersection(*map(set, known)) if known else set()
        described = self._instances()
        wanted = described.get(name)
        kind = (architecture(name), accelerator(name))
        alike = [
            each
            for each in map(described.get, sorted(names))
            if each
            and (architecture(each.name), accelerator(each.name)) == kind
            and each.name not in NO_ON_DEMAND_PRICE
        ]
        return [each.name for each in sorted(alike, key=lambda each: _distance(each, wanted))[:count]]

    def _instances(self) -> Mapping[str, InstanceType]:
        return _instances(self.text(INSTANCES))

    def _offerings(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        return _offerings(self.text(OFFERINGS))

    def text(self, name: str) -> str:
        """A data file: the project's own where it has one, else the shipped one."""
        own = self._own(name)
        return own.read_text(encoding="utf-8") if own else _shipped(name)

    def _own(self, name: str) -> Path | None:
        found = self._folder / name if self._folder else None
        return found if found and found.is_file() else None


def architecture(name: str) -> str:
    """`arm64` for Graviton and Grace types, `x86_64` for the others: a `g` among the attributes behind the generation
    says so (AWS, "Amazon EC2 instance type naming conventions", retrieved 2026-11-25)."""
    parts = _FAMILY.match(name.partition(".")[0])
    return "arm64" if parts and (parts["letters"] == "a" or "g" in parts["attributes"]) else "x86_64"


def accelerator(name: str) -> str:
    """Whose accelerators a type carries: `nvidia`, `amd`, `neuron`, or `none`."""
    family = name.partition(".")[0]
    if _AMD.match(family):
        return "amd"
    if _NEURON.match(family):
        return "neuron"
    return "nvidia" if _NVIDIA.match(family) else "none"


def takes_aurora_postgresql(instance_class: str) -> bool | None:
    """Whether Aurora PostgreSQL takes a class such as `db.r6g.large`; None where the data doesn't know its family."""
    family = ".".join(instance_class.split(".")[:2])
    return _aurora_families().get(family)


def aurora_families() -> Sequence[str]:
    """The families of DB instance classes that Aurora PostgreSQL takes."""
    return [family for family, taken in _aurora_families().items() if taken]


def family_letters(name: str) -> str:
    """The first letters of an instance type, by which quotas count it: `g` of `g5.xlarge`."""
    found = _FAMILY.match(name)
    return found["letters"] if found else ""


def newest_aurora_minor(major: str) -> int | None:
    """The newest minor version of a major version of Aurora PostgreSQL in the data; None for an unknown major."""
    found = {row["major"]: int(row["newest_minor"]) for row in _rows(_shipped(AURORA_VERSIONS))}
    return found.get(major)


def aurora_support(major: str) -> tuple[date, date] | None:
    """The last days of standard and of extended support of a major version of Aurora PostgreSQL; None for an unknown
    one. From the day after the first on, RDS charges extended support for each vCPU and hour."""
    rows = (row for row in _rows(_shipped(AURORA_VERSIONS)) if row["major"] == major)
    found = next(rows, None)
    return (date.fromisoformat(found["standard_until"]), date.fromisoformat(found["extended_until"])) if found else None


def zones_without_eks(region: str, *, documented: bool = True) -> Sequence[str]:
    """The zone ids of a Region in which EKS takes no cluster subnet. Zone *names* are other places in every account.

    Args:
        region: the Region.
        documented: those that AWS's own page names. False: those that are known second hand.
    """
    rows = (row for row in _rows(_shipped(_EKS_ZONES)) if row["region"] == region)
    return [row["zone_id"] for row in rows if (row["read"] == "AWS page") == documented]


def is_known_class(name: str) -> bool:
    """Whether AWS's price lists or pulumi-aws name a DB instance class or a cache node type."""
    return name in _managed_classes() or name in _enumerated("rds")


@cache
def _enumerated(service: str) -> frozenset[str]:
    """The instance types or classes that the installed pulumi-aws names; its module is read and not imported."""
    package = find_spec("pulumi_aws")
    if package is None or package.origin is None:
        return frozenset()
    text = (Path(package.origin).parent / service / "_enums.py").read_text(encoding="utf-8")
    return frozenset(re.findall(r'= "([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)"', text))


@cache
def _managed_classes() -> frozenset[str]:
    return frozenset(row["class"] for row in _rows(_shipped(_MANAGED_CLASSES)))


@cache
def _types_of_botocore() -> frozenset[str]:
    """The EC2 instance types of the installed botocore, which is released more often than pulumi-aws."""
    from botocore.loaders import Loader  # noqa: PLC0415  only for a type that nothing else knows

    model = Loader().load_service_model("ec2", "service-2")
    return frozenset(model["shapes"]["InstanceType"]["enum"])


def _distance(candidate: InstanceType, wanted: InstanceType | None) -> tuple[float, ...]:
    if wanted is None:
        return (candidate.gpus, candidate.vcpu, candidate.memory_gib)
    return (
        abs(candidate.gpus - wanted.gpus),
        abs(candidate.gpu_memory_gib - wanted.gpu_memory_gib),
        abs(candidate.vcpu - wanted.vcpu),
        abs(candidate.memory_gib - wanted.memory_gib),
    )


@cache
def _shipped(name: str) -> str:
    return files(__package__).joinpath("data", name).read_text(encoding="utf-8")


def _rows(text: str) -> Iterable[Mapping[str, str]]:
    return csv.DictReader(text.splitlines())


@cache
def _instances(text: str) -> Mapping[str, InstanceType]:
    return {
        row["type"]: InstanceType(
            name=row["type"],
            vcpu=int(row["vcpu"]),
            memory_gib=float(row["memory_gib"]),
            gpus=float(row["gpus"] or 0),
            gpu_model=row["gpu_model"],
            gpu_memory_gib=float(row["gpu_memory_gib"] or 0),
            nvme_gb=int(row["nvme_gb"] or 0),
            ebs_max_mb_s=float(row["ebs_max_mb_s"] or 0),
        )
        for row in _rows(text)
    }


@cache
def _offerings(text: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Region -> instance type -> zone ids."""
    found: dict[str, dict[str, Sequence[str]]] = {}
    for row in _rows(text):
        found.setdefault(row["region"], {})[row["type"]] = tuple(row["zones"].split())
    return found


@cache
def _aurora_families() -> Mapping[str, bool]:
    return {row["family"]: row["aurora_postgresql"] == "yes" for row in _rows(_shipped(_AURORA_FAMILIES))}
