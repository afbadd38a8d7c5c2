"""How what belongs to an environment is called: pure functions, so that rules can report what has no room."""

from collections.abc import Sequence

from haven_components.names import queue_name, region_code

SERVICE = "inference"
"""The name, below the environment's domain, under which its systems are reached."""
PRIVATE = "internal"
"""The private zone, below the environment's domain. A zone of the domain itself would hide the public one from the
VPCs whole, the Regions' entrances with it."""
OPERATORS = "haven-operators"
"""The Kubernetes group of operators."""
_SHARED_CHARACTERS = 1200
"""Keys, the names of database and cache, and host names of at most 120 characters."""
_NAMED_CHARACTERS = 140
"""An account, a Region's code, quotes and suffix, and a bucket's access point."""
_QUEUE_CHARACTERS = 420
"""A URL, a stream's ARN, a bus, each with Region and account, and their keys."""


def environment_name(stack: str) -> str:
    """What every name of an environment begins with."""
    return f"haven-{stack}"


def regional_name(stack: str, region: str) -> str:
    """Name of a Region's network, cluster and balancer, whether or not they exist at the moment."""
    return f"{environment_name(stack)}-{region_code(region)}"


def parameter_name(stack: str, name: str) -> str:
    """Name of one of the user's Systems Manager parameters, the same in both Regions."""
    return f"/haven/{stack}/{name}"


def endpoints_parameter(stack: str) -> str:
    """Name of the Systems Manager parameter with what applications connect to, the same in both Regions."""
    return f"/haven/{stack}/endpoints"


def endpoints_characters(stack: str, names: Sequence[str], queues: Sequence[str]) -> int:
    """The most characters that a Region's endpoints document can have.

    Args:
        stack: name of the stack.
        names: the tables, secrets and buckets in the stack file.
        queues: its queues.
    """
    prefix = len(environment_name(stack))
    entries = sum(2 * len(each) + prefix + _NAMED_CHARACTERS for each in names)
    return _SHARED_CHARACTERS + entries + sum(4 * len(each) + 3 * prefix + _QUEUE_CHARACTERS for each in queues)


def mode_parameter(stack: str) -> str:
    """Name of the Systems Manager parameter that tells applications whether they may write, in both Regions."""
    return f"/haven/{stack}/write-mode"


def manifest_parameter(stack: str) -> str:
    """Name of the Systems Manager parameter with the recovery manifest, the same in both Regions."""
    return f"/haven/{stack}/manifest"


def side_parameter(stack: str, region: str) -> str:
    """Name of the Systems Manager parameter with what a large recovery manifest has of one Region, in both Regions."""
    return f"{manifest_parameter(stack)}/{region}"


def operations_table(stack: str) -> str:
    """Name of each Region's operations table; no table of the stack file can have a dot in its name."""
    return f"{environment_name(stack)}.operations"


def audit_base(stack: str, account: str) -> str:
    """What the names of the audit buckets begin with; no bucket of the stack file can end in it."""
    return f"{environment_name(stack)}-{account}-audit"


def heartbeat_name(stack: str, region: str) -> str:
    """Name of a Region's heartbeat: its function and its role."""
    return f"{regional_name(stack, region)}-heartbeat"


def operator_role(stack: str) -> str:
    """Name of the operators' role."""
    return f"{environment_name(stack)}-operator"


def images_name(stack: str) -> str:
    """What the names of the repositories begin with."""
    return f"{environment_name(stack)}-images"


def cache_name(stack: str) -> str:
    """What the names of the cache begin with."""
    return f"{environment_name(stack)}-cache"


def buffer_name(stack: str, name: str, region: str) -> str:
    """What the names of a Region's queue, stream and bus begin with."""
    return f"{environment_name(stack)}-{name}-{region_code(region)}"


def queues_pattern(stack: str, region: str) -> str:
    """What the names of all queues of a Region match, and those of failed messages don't."""
    return f"{queue_name(buffer_name(stack, '*', region), fifo=False)}*"


def bucket_base(stack: str, account: str, name: str) -> str:
    """What the names of a pair of buckets begin with; the account makes them unique in the world."""
    return f"{environment_name(stack)}-{name}-{account}"
