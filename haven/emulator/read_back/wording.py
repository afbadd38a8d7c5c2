"""Descriptions of resources in words, the same for what the program declares and for what the services answer."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

CALCULATED = "calculated from metrics"
"""Describes an alarm on a metric expression; the emulator does not return the expression."""


def counted(numbers: Mapping[str, int]) -> str:
    """`2 eu-west-1a, 2 eu-west-1b`, or `none`."""
    return ", ".join(f"{numbers[name]} {name}" for name in sorted(numbers)) or "none"


def cluster(version: str, access: Mapping[str, Any]) -> str:
    """An EKS control plane: Kubernetes version and access to its endpoint."""
    reach = [word for word in ("Private", "Public") if access.get(f"endpoint{word}Access")]
    return f"Kubernetes {version}, {' and '.join(reach).lower() or 'no'} access"


def nodes(scaling: Mapping[str, Any], types: Iterable[object], zones: Iterable[str]) -> str:
    """A node group: sizes, instance types, zones."""
    sizes = f"{int(scaling['desiredSize'])} ({int(scaling['minSize'])} to {int(scaling['maxSize'])})"
    return f"{sizes} {'/'.join(str(each) for each in types)} in {', '.join(sorted(zones))}"


def engine(version: str, encrypted: bool, instances: Sequence[str]) -> str:
    """A member of the global database: version, encryption, instances."""
    storage = "encrypted" if encrypted else "NOT encrypted"
    return f"PostgreSQL {version}, {storage}, {', '.join(sorted(instances)) or 'headless'}"


def cache(shards: int, replicas: int, zones: bool, tls: bool) -> str:
    """A cache replication group: size, zones, encryption in transit."""
    return (
        f"{shards} shards x {1 + replicas} nodes, {'Multi-AZ' if zones else 'one zone'}, {'TLS' if tls else 'no TLS'}"
    )


def bucket(versioned: bool, encrypted: Sequence[str], replicated: Sequence[str], *, locked: bool) -> str:
    """A bucket: versioning, encryption, replication, Object Lock."""
    # Without a setting S3 encrypts with its own key, since 2023-01-05 (S3 User Guide, default encryption).
    words = ["versioned" if versioned else "NOT versioned", ", ".join(encrypted) or "AES256"]
    words += [*sorted(replicated)] or ["not replicated"]
    return ", ".join([*words, *(["Object Lock"] if locked else [])])


def replication(destination: str, timed: bool) -> str:
    """One replication rule: destination bucket and replication time control."""
    return f"to {destination}{' with time control' if timed else ''}"


def key(role: str, rotated: bool | None) -> str:
    """A multi-Region key: role and rotation; None for a replica, which rotates with its primary."""
    rotation = {True: ", rotated", False: ", NOT rotated", None: ""}[rotated]
    return f"multi-Region {role}{rotation}"


def check_name(alarm_name: object, otherwise: str) -> str:
    """The name of a health check, which has none in AWS: that of its alarm, or `otherwise`."""
    return f"on alarm {alarm_name}" if alarm_name else otherwise


def health_check(type_: str, region: str, without_data: str) -> str:
    """A health check: type, Region of its alarm, status without data."""
    return " ".join(each for each in (type_, f"in {region}," if region else "", without_data) if each)


def dns_record(routing: Sequence[str], values: Sequence[str], check: str | None) -> str:
    """A record: routing policy, values, health check."""
    return f"{' '.join(routing) or 'simple'} {', '.join(sorted(values))}, {check or 'no health check'}"


def alarm(metric: str, dimensions: Mapping[str, Any], period: int) -> str:
    """An alarm: metric, dimensions, period in seconds."""
    where = ", ".join(f"{name}={dimensions[name]}" for name in sorted(dimensions))
    return f"{metric} [{where}] every {period} s"


def parameter(value: str) -> str:
    """A parameter's value; of JSON only the top-level keys, as deeper values may depend on the deployment."""
    try:
        document = json.loads(value)
    except json.JSONDecodeError:
        return value
    return f"JSON with {', '.join(sorted(document))}" if isinstance(document, Mapping) else value


def log_group(days: int | None) -> str:
    """A log group: retention in days; None if it never expires."""
    return f"kept {int(days)} days" if days else "kept"


def table(keys: Sequence[str], replicas: Sequence[str]) -> str:
    """A DynamoDB table: keys and the Regions of its replicas."""
    return f"by {' and '.join(keys)}, {'also in ' + ', '.join(sorted(replicas)) if replicas else 'nowhere else'}"


def queue(encrypted: bool, hidden: int, kept: int, dead_letters: bool) -> str:
    """A queue: encryption, visibility timeout and retention in seconds, dead-letter queue."""
    words = [
        "encrypted" if encrypted else "NOT encrypted",
        f"hidden {hidden} s",
        f"kept {kept} s",
        "with dead letters" if dead_letters else "no dead letters",
    ]
    return ", ".join(words)


def repository(tags: str, encryption: str, scanned: bool) -> str:
    """An image repository: tag mutability, encryption, scanning."""
    return f"{tags.lower()} tags, {encryption}, {'scanned on push' if scanned else 'NOT scanned'}"


def balancer(kind: str, reach: str, subnets: int) -> str:
    """A load balancer: type, scheme, number of subnets."""
    return f"{kind}, {reach}, in {subnets} subnets"


def targets(protocol: str, port: object, path: str) -> str:
    """A target group: protocol, port, health check path."""
    return f"{protocol} {port}, healthy on {path}"


def firewall(rules: Iterator[str]) -> str:
    """A web ACL: its rules."""
    return f"rules {', '.join(sorted(rules))}"


def certificate(status: str, validated: bool) -> str:
    """A certificate: status, and whether its validation record exists."""
    return f"{status}, its record {'is there' if validated else 'is MISSING'}"
