"""How what belongs to an environment is called: pure functions, so that rules can report what has no room."""

from haven_components.names import region_code


def environment_name(stack: str) -> str:
    """What every name of an environment begins with."""
    return f"haven-{stack}"


def regional_name(stack: str, region: str) -> str:
    """Name of a Region's network, cluster and balancer, whether or not they exist at the moment."""
    return f"{environment_name(stack)}-{region_code(region)}"


def cache_name(stack: str) -> str:
    """What the names of the cache begin with."""
    return f"{environment_name(stack)}-cache"


def buffer_name(stack: str, name: str, region: str) -> str:
    """What the names of a Region's queue, stream and bus begin with."""
    return f"{environment_name(stack)}-{name}-{region_code(region)}"


def bucket_base(stack: str, account: str, name: str) -> str:
    """What the names of a pair of buckets begin with; the account makes them unique in the world."""
    return f"{environment_name(stack)}-{name}-{account}"
