"""What can be wrong with a cluster's arguments."""

import ipaddress
import re
from collections.abc import Mapping, Sequence

from haven_components import limits
from haven_components.choices import CapacityMarket, KubernetesUpgradePolicy
from haven_components.cluster._node_group_args import FINGERPRINT_CHARACTERS, GpuNodeGroupArgs, SystemNodesArgs
from haven_components.names import SYSTEM_NODE_GROUP
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

FEWEST_GPU_ZONES = 2
FEWEST_GPU_TYPES = 2
"""On-demand GPU capacity is refused often and by type: three Regions at once have been seen without one type
(modelplaneai/modelplane#113, read 2026-11-21)."""

_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")


def check_version(checks: Checks, version: str) -> None:
    """The Kubernetes version is a minor one of 1."""
    _checks.require_match(
        checks,
        "kubernetes_version",
        version,
        r"1\.\d{2}",
        allowed="1 and a minor version, such as 1.36",
        fix="leave the patch version out: EKS chooses it",
    )


def check_upgrade_policy(checks: Checks, policy: str | None) -> None:
    """What EKS does at the end of standard support is one of its two choices."""
    if policy is not None:
        _checks.require_choice(checks, "upgrade_policy", policy, KubernetesUpgradePolicy)


def check_zones(checks: Checks, region: str, zones: Sequence[str], subnet_ids: object) -> None:
    """Each zone is one of the Region's, and has a subnet as far as that can be seen."""
    well_formed = all(re.fullmatch(rf"{re.escape(region)}[a-z]", zone) for zone in zones)
    enough = limits.ZONES.least <= len(set(zones)) == len(zones) <= limits.ZONES.most
    checks.require(
        well_formed and enough,
        "zones",
        got=list(zones),
        allowed=f"two or three different zones of {region}",
        fix=f"name the zones of the subnets in their order, such as {region}a",
    )
    if isinstance(subnet_ids, list):
        checks.require(
            len(subnet_ids) == len(zones),
            "subnet_ids",
            got=f"{len(subnet_ids)} subnets",
            allowed=f"one for each of the {len(zones)} zones",
            fix="give one private subnet per zone, in the order of the zones",
        )


def check_addons(checks: Checks, versions: Mapping[str, str]) -> None:
    """Each pinned version is one in full."""
    for addon, version in versions.items():
        _checks.require_match(
            checks,
            f"addons[{addon!r}]",
            version,
            r"v\d+\.\d+\.\d+-eksbuild\.\d+",
            allowed="a version in full, such as v1.12.4-eksbuild.1",
            fix="take the version from `aws eks describe-addon-versions`",
        )


def check_public_access(checks: Checks, cidrs: Sequence[str]) -> None:
    """The endpoint is opened to listed networks, never to everyone."""
    for index, cidr in enumerate(cidrs):
        checks.require(
            _is_narrow_block(cidr),
            f"public_access_cidrs[{index}]",
            got=cidr,
            allowed="an IPv4 block of your own, such as 203.0.113.0/24",
            fix="list the networks that may reach the API; leave the list out for a private endpoint",
        )


def check_private_access(checks: Checks, cidrs: Sequence[str]) -> None:
    """The private endpoint is opened to listed networks, each once."""
    checks.require(
        len(set(cidrs)) == len(cidrs) and all(_is_narrow_block(each) for each in cidrs),
        "private_access_cidrs",
        got=list(cidrs),
        allowed="IPv4 blocks of your own, each once, such as 10.200.0.0/16",
        fix="list the networks that have a route into the VPC, such as a VPN's",
    )


def check_service_cidr(checks: Checks, cidr: str | None) -> None:
    """EKS takes the block."""
    wrong = service_cidr_problem(cidr) if cidr is not None else None
    checks.require(
        wrong is None,
        "service_cidr",
        got=cidr,
        allowed=f"a private IPv4 block between /{limits.SERVICE_PREFIX.least} and /{limits.SERVICE_PREFIX.most}",
        fix=f"write 172.20.0.0/16, for example: {wrong}",
    )


def service_cidr_problem(cidr: str) -> str | None:
    """Why a block can't be that of Kubernetes services, in words, or None where it can."""
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        return str(error)
    if not limits.SERVICE_PREFIX.holds(block.prefixlen):
        return f"/{block.prefixlen} is not between /{limits.SERVICE_PREFIX.least} and /{limits.SERVICE_PREFIX.most}"
    if not any(block.subnet_of(ipaddress.IPv4Network(each)) for each in limits.SERVICE_RANGES):
        return f"it is in none of {', '.join(limits.SERVICE_RANGES)}"
    return None


def check_target_groups(checks: Checks, names: Sequence[str]) -> None:
    """The names are those of target groups."""
    for index, name in enumerate(names):
        _checks.require_match(
            checks,
            f"target_groups[{index}]",
            name,
            r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
            allowed="the name of a target group, at most 32 letters, digits and hyphens",
            fix="give the name, not the ARN",
        )


def _is_narrow_block(cidr: str) -> bool:
    try:
        return ipaddress.IPv4Network(cidr).prefixlen > 0
    except ValueError:
        return False


def check_access(checks: Checks, principals: Sequence[str]) -> None:
    """Each principal is an IAM role or user, named once, and its last part names its entry."""
    _checks.require_principals(checks, "access_entries[{}].principal_arn", principals)
    names = [principal_name(arn) for arn in principals]
    twice = sorted({each for each in names if names.count(each) > 1})
    checks.require(
        not twice,
        "access_entries",
        got=f"{', '.join(twice)} more than once",
        allowed="principals that differ in the last part of their ARN",
        fix="name each principal once",
    )


def check_rights(checks: Checks, path: str, groups: Sequence[str], *, has_policy: bool) -> None:
    """An entry lets its principal do something; EKS refuses Kubernetes' own groups."""
    checks.require(
        has_policy or len(groups) > 0,
        path,
        got="neither policy nor groups",
        allowed="one of them, or both",
        fix="name a policy of EKS, or groups of Kubernetes",
    )
    for index, each in enumerate(groups):
        checks.require(
            bool(each) and not each.startswith("system:"),
            f"{path}.groups[{index}]",
            got=each,
            allowed="a name that doesn't begin with system:",
            fix="bind a role to a group of another name",
        )


def principal_name(arn: str) -> str:
    """The last part of a role's or user's ARN."""
    return arn.rpartition("/")[2]


def check_system_nodes(checks: Checks, nodes: SystemNodesArgs) -> None:
    """The cluster's own services find a node."""
    _check_types(checks, "system_nodes", nodes["instance_types"], 1)
    _check_sizes(checks, "system_nodes", nodes, 1)


def check_gpu_groups(checks: Checks, cluster: str, zones: Sequence[str], groups: Sequence[GpuNodeGroupArgs]) -> None:
    """Each GPU group has a name of its own and capacity that survives a shortage, or a reservation."""
    names = [group["name"] for group in groups]
    for index, group in enumerate(groups):
        path = f"gpu_node_groups[{index}]"
        _check_name(checks, path, cluster, group["name"], names)
        _check_sizes(checks, path, group, 0)
        _check_labels(checks, path, group.get("labels", {}))
        if "capacity_reservation" in group:
            _check_reservation(checks, path, zones, group)
        else:
            _check_on_demand(checks, path, zones, group)
        _check_prepared(checks, path, group)


def _check_name(checks: Checks, path: str, cluster: str, name: str, names: Sequence[str]) -> None:
    room = limits.NODE_GROUP_NAME_CHARACTERS - len(f"{cluster}--") - FINGERPRINT_CHARACTERS
    checks.require(
        re.fullmatch(r"[a-z][a-z0-9-]*", name) is not None and len(name) <= room,
        f"{path}.name",
        got=name,
        allowed=f"at most {room} lower-case letters, digits and hyphens, the first a letter",
        fix="choose another name",
    )
    checks.require(
        name != SYSTEM_NODE_GROUP and names.count(name) == 1,
        f"{path}.name",
        got=name,
        allowed=f"a name that no other group has; `{SYSTEM_NODE_GROUP}` is taken",
        fix="give each group a name of its own",
    )


def _check_sizes(checks: Checks, path: str, size: SystemNodesArgs | GpuNodeGroupArgs, fewest: int) -> None:
    least, now, most = size["min_size"], size["desired_size"], size["max_size"]
    checks.require(
        fewest <= least <= now <= most and most >= 1,
        f"{path}.desired_size",
        got=f"min_size {least}, desired_size {now}, max_size {most}",
        allowed=f"{fewest} ≤ min_size ≤ desired_size ≤ max_size, max_size at least 1",
        fix="bring the three into this order",
    )
    checks.require(
        limits.NODE_DISK_GIB.holds(size["disk_gib"]),
        f"{path}.disk_gib",
        got=size["disk_gib"],
        allowed=f"{limits.NODE_DISK_GIB} GiB",
        fix="choose a size that images fit on and gp3 volumes can have",
    )
    if limits.NODE_DISK_GIB.holds(size["disk_gib"]):
        _check_disk(checks, path, size)


def _check_disk(checks: Checks, path: str, size: SystemNodesArgs | GpuNodeGroupArgs) -> None:
    throughput, iops = size.get("disk_throughput_mibps", 125), size.get("disk_iops")
    checks.require(
        limits.GP3_THROUGHPUT_MIBPS.holds(throughput),
        f"{path}.disk_throughput_mibps",
        got=throughput,
        allowed=f"{limits.GP3_THROUGHPUT_MIBPS} MiB/s",
        fix="leave it out for 125",
    )
    least = max(limits.GP3_IOPS.least, limits.GP3_IOPS_PER_MIBPS * throughput)
    most = min(limits.GP3_IOPS.most, limits.GP3_IOPS_PER_GIB * size["disk_gib"])
    checks.require(
        (least if iops is None else iops) <= most and (iops is None or iops >= least),
        f"{path}.disk_iops",
        got=iops,
        allowed=f"{least} to {most}: 4 for each MiB/s or more, 500 for each GiB or fewer",
        fix="leave it out, or choose a larger disk_gib",
    )


def _check_types(checks: Checks, path: str, types: Sequence[str], fewest: int) -> None:
    checks.require(
        len(set(types)) == len(types) >= fewest and all(_INSTANCE_TYPE.fullmatch(each) for each in types),
        f"{path}.instance_types",
        got=list(types),
        allowed=f"{'one' if fewest == 1 else 'two'} or more different instance types, such as g6e.xlarge",
        fix="list the types to take nodes from, best first: several survive a shortage of one",
    )


def _check_labels(checks: Checks, path: str, labels: Mapping[str, str]) -> None:
    wrong = [key for key in labels if not limits.NODE_LABEL_KEY.fullmatch(key) or key.startswith("haven.dev/")]
    long = [key for key in labels if len(key) > limits.NODE_LABEL_CHARACTERS]
    checks.require(
        not wrong and not long,
        f"{path}.labels",
        got=wrong or long,
        allowed=f"Kubernetes label keys of at most {limits.NODE_LABEL_CHARACTERS} characters outside haven.dev/,"
        f" {', '.join(limits.NODE_LABEL_PREFIXES)}",
        fix="rename these labels",
    )
    values = [value for value in labels.values() if not limits.NODE_LABEL_VALUE.fullmatch(value)]
    checks.require(
        not values,
        f"{path}.labels",
        got=values,
        allowed="values of 1 to 63 letters, digits, dots, hyphens and underscores",
        fix="write other values",
    )


def _check_on_demand(checks: Checks, path: str, zones: Sequence[str], group: GpuNodeGroupArgs) -> None:
    _check_types(checks, path, group["instance_types"], FEWEST_GPU_TYPES)
    chosen = group.get("zones", zones)
    checks.require(
        len(set(chosen)) == len(chosen) >= FEWEST_GPU_ZONES and set(chosen) <= set(zones),
        f"{path}.zones",
        got=list(chosen),
        allowed=f"two or more of {', '.join(zones)}",
        fix="add a zone, so that the group outlives the loss of one; for capacity in one zone give a reservation",
    )


def _check_reservation(checks: Checks, path: str, zones: Sequence[str], group: GpuNodeGroupArgs) -> None:
    reservation = group["capacity_reservation"]
    _checks.require_match(
        checks,
        f"{path}.capacity_reservation.id",
        reservation["id"],
        r"cr-[0-9a-f]{8,17}",
        allowed="the id of a capacity reservation, cr- and hexadecimal digits",
        fix="copy it from the reservation",
    )
    checks.require(
        reservation["zone"] in zones,
        f"{path}.capacity_reservation.zone",
        got=reservation["zone"],
        allowed=f"one of {', '.join(zones)}",
        fix="give the zone of the reservation; the cluster needs a subnet there",
    )
    checks.require(
        group["instance_types"] == [reservation["instance_type"]] and "zones" not in group,
        f"{path}.instance_types",
        got=group["instance_types"],
        allowed=f"[{reservation['instance_type']!r}], and no zones of its own",
        fix="one group for each reservation: its zone and type are the group's",
    )
    checks.require(
        not group.get("spot", False),
        f"{path}.spot",
        got=True,
        allowed="false with a capacity reservation",
        fix="leave one of the two out",
    )
    market = reservation.get("market", CapacityMarket.ON_DEMAND)
    _checks.require_choice(checks, f"{path}.capacity_reservation.market", market, CapacityMarket)


def _check_prepared(checks: Checks, path: str, group: GpuNodeGroupArgs) -> None:
    prepared = group.get("prepared_size")
    if prepared is not None:
        fits = 1 <= prepared <= group["max_size"]
        on_demand = not group.get("spot", False) and "capacity_reservation" not in group
        checks.require(
            fits and on_demand,
            f"{path}.prepared_size",
            got=prepared,
            allowed=f"1 to max_size, {int(group['max_size'])}, in a group without spot instances and reservations",
            fix="leave it out",
        )
    checks.require(
        not (group.get("parallel_pull", False) and "image_snapshot" in group),
        f"{path}.parallel_pull",
        got=True,
        allowed="false with image_snapshot: Bottlerocket deletes images that another snapshotter has pulled",
        fix="leave one of the two out",
    )


def check_log_types(checks: Checks, types: Sequence[str]) -> None:
    """Only logs that a control plane has, each once."""
    checks.require(
        set(types) <= set(limits.CONTROL_PLANE_LOGS) and len(set(types)) == len(types),
        "log_types",
        got=list(types),
        allowed=", ".join(limits.CONTROL_PLANE_LOGS),
        fix="leave it out for api, audit and authenticator",
    )
