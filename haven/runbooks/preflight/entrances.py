"""What clients reach: cluster, load balancer with its certificates, traffic switch, endpoints document."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from haven.base import strict_json
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.manifest_parameters import value
from haven.runbooks.observation import Answer, first
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.database import GLOBAL, MEMBER
from haven.runbooks.preflight.view import REWRITE, Key, Question, Questions, View, asking

_CLUSTER, _CERTIFICATES, _TARGETS, _ALARM, _DOCUMENT = "cluster", "certificates", "target group", "alarm", "endpoints"
_CACHE = "cache endpoint"
CERTIFICATE_LEAST = timedelta(days=7)
"""An assumption: an incident, and the days until somebody has time for certificates."""
CERTIFICATE_WARNING = timedelta(days=30)
"""ACM renews its own certificates from 60 days before their end (ACM User Guide, managed certificate renewal; read
2026-11-26): half of that time has passed without a renewal."""
_NOT_YET = "not there: in this tier pulumi up declares it, during the failover"
_UP = "pulumi up"


@dataclass(frozen=True)
class Entrance:
    """A load balancer and what its listeners encrypt with."""

    state: str
    certificates: Sequence[Mapping[str, Any]]


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own; a Region's alarm is in the other one."""
    found: dict[Key, Question] = {}
    name = f"/haven/{manifest.environment}/endpoints"
    for region, side in manifest.sides.items():
        found[_CLUSTER, region] = asking(client, "eks", region, _cluster, side.cluster.name)
        found[_DOCUMENT, region] = asking(client, "ssm", region, value, name)
        found[_CACHE, region] = asking(client, "elasticache", region, _cache_host, side.cache)
        if side.balancer is not None:
            target = side.balancer.target_group
            found[_TARGETS, region] = asking(client, "elbv2", region, _target_group, target)
            if side.balancer.name:
                found[_CERTIFICATES, region] = asking(
                    client, "elbv2", region, _entrance, client, region, side.balancer.name
                )
    for region, switch in manifest.traffic.items():
        found[_ALARM, region] = asking(client, "cloudwatch", switch.write_in, _alarm, switch.alarm)
    return found


def _cluster(eks: Any, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = eks.describe_cluster(name=name)["cluster"]
    return found


def _cache_host(caches: Any, name: str) -> str | None:
    found = first(caches.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"])
    if found is None:
        return None
    # One without cluster mode has the endpoint of its only shard.
    shard = first(found.get("NodeGroups") or []) or {}
    endpoint = found.get("ConfigurationEndpoint") or shard.get("PrimaryEndpoint") or {}
    return str(endpoint.get("Address", ""))


def _target_group(balancers: Any, name: str) -> Any:
    return first(balancers.describe_target_groups(Names=[name])["TargetGroups"])


def _alarm(cloudwatch: Any, name: str) -> Any:
    return first(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"])


def _entrance(balancers: Any, client: Client, region: str, name: str) -> Entrance | None:
    found = first(balancers.describe_load_balancers(Names=[name])["LoadBalancers"])
    if found is None:
        return None
    listeners = balancers.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]
    arns: dict[str, None] = {}
    for each in listeners:
        arns |= dict.fromkeys(one["CertificateArn"] for one in each.get("Certificates") or [])
        if each["Protocol"] in ("HTTPS", "TLS"):
            more = balancers.describe_listener_certificates(ListenerArn=each["ListenerArn"])["Certificates"]
            arns |= dict.fromkeys(one["CertificateArn"] for one in more)
    acm = client("acm", region)
    certificates = [acm.describe_certificate(CertificateArn=arn)["Certificate"] for arn in arns]
    return Entrance(str(found["State"]["Code"]), certificates)


def checks(view: View) -> Iterator[Check]:
    """The Region that would become the writing one; of the other one, its certificates, for the way back."""
    yield _cluster_check(view)
    if view.side.balancer is not None:
        yield _target_check(view)
        for region in (view.to, view.old):
            yield from _entrance_checks(view, region)
    yield from _switches(view)
    yield from _document_checks(view)


def _cluster_check(view: View) -> Check:
    name, answer = view.side.cluster.name, view.answers[_CLUSTER, view.to]
    line = view.line(f"cluster {name}", view.to, "active, with an endpoint of its API", f"{_UP}; haven status")
    if not answer.known:
        return line.unknown(answer.unknown, "allow eks:DescribeCluster")
    if answer.value is None:
        return line.ok(_NOT_YET) if view.restores else line.problem("no such cluster")
    state, endpoint = answer.value["status"], answer.value.get("endpoint")
    # A cluster is updated in place: its API answers meanwhile.
    return line.judge(f"{state}, {endpoint or 'no endpoint'}", fine=bool(endpoint) and state in ("ACTIVE", "UPDATING"))


def _target_check(view: View) -> Check:
    assert view.side.balancer is not None  # noqa: S101  the caller has looked
    name, answer = view.side.balancer.target_group, view.answers[_TARGETS, view.to]
    line = view.line(f"target group {name}", view.to, "there: pods register in it", _UP)
    if not answer.known:
        return line.unknown(answer.unknown, "allow elasticloadbalancing:DescribeTargetGroups")
    if answer.value is None:
        return line.ok(_NOT_YET) if view.restores else line.problem("no such target group")
    return line.ok("there")


def _entrance_checks(view: View, region: str) -> Iterator[Check]:
    balancer = view.manifest.sides[region].balancer
    if balancer is None:
        return
    needed = f"issued, and valid for {CERTIFICATE_WARNING.days} days or more"
    permissions = "elasticloadbalancing:DescribeLoadBalancers, DescribeListeners, DescribeListenerCertificates"
    line = view.line(f"load balancer {balancer.name}".rstrip(), region, "active", _UP, blocker=region == view.to)
    if not balancer.name:
        yield line.unknown("the manifest doesn't name it: it was written by an older program", REWRITE)
        return
    answer = view.answers[_CERTIFICATES, region]
    if not answer.known:
        yield line.unknown(answer.unknown, f"allow {permissions} and acm:DescribeCertificate")
    elif answer.value is None:
        yield line.ok(_NOT_YET) if view.restores and region == view.to else line.problem("no such load balancer")
    else:
        yield line.judge(answer.value.state, fine=answer.value.state == "active")
        if not answer.value.certificates:
            none = view.line(
                "certificates", region, needed, f"{_UP}: clients reach it by HTTPS", blocker=region == view.to
            )
            yield none.problem(f"no listener of {balancer.name} has one")
        for each in answer.value.certificates:
            yield _certificate(view, region, each, needed)


def _certificate(view: View, region: str, found: Mapping[str, Any], needed: str) -> Check:
    what = f"certificate of {found.get('DomainName')}"
    renewal = (found.get("RenewalSummary") or {}).get("RenewalStatus", "")
    fix = (
        "import a new one"
        if found.get("Type") == "IMPORTED"
        else "ACM renews it while its record of validation is in DNS: create that record"
    )
    end, state = found.get("NotAfter"), found.get("Status")
    left = None if end is None else end - view.now
    # One that isn't issued, or ends within days, breaks clients; one that ends within weeks is for somebody to look at.
    serious = state != "ISSUED" or left is None or left < CERTIFICATE_LEAST
    line = view.line(what, region, needed, fix, blocker=serious and region == view.to)
    if state != "ISSUED":
        return line.problem(str(state))
    if left is None:
        return line.unknown("ACM names no end")
    got = f"issued, until {end:%Y-%m-%d}{f', renewal: {renewal}' if renewal else ''}"
    return line.judge(got, fine=left >= CERTIFICATE_WARNING and renewal != "FAILED")


def _switches(view: View) -> Iterator[Check]:
    """The alarm that turns the Region that is left off is in the one that would become the writing one."""
    for region, switch in view.manifest.traffic.items():
        answer = view.answers[_ALARM, region]
        line = view.line(
            f"traffic switch of {region}",
            switch.write_in,
            f"alarm {switch.alarm}, with which {region} is turned off",
            _UP,
            blocker=switch.write_in == view.to,
        )
        if not answer.known:
            yield line.unknown(answer.unknown, "allow cloudwatch:DescribeAlarms")
        elif answer.value is None:
            yield line.problem("no such alarm")
        else:
            yield line.ok("there")


def _document_checks(view: View) -> Iterator[Check]:
    """Applications connect to what the endpoints document names: it has to be what is there."""
    answer = view.answers[_DOCUMENT, view.to]
    line = view.line(f"parameter /haven/{view.manifest.environment}/endpoints", view.to, "the endpoints document", _UP)
    if not answer.known:
        yield line.unknown(answer.unknown, "allow ssm:GetParameter")
        return
    document = _parsed(answer.value)
    if document is None:
        yield line.problem("no such parameter" if answer.value is None else "no JSON object")
        return
    yield line.ok("there")
    database, cache = document.get("database") or {}, document.get("cache") or {}
    member, cluster = view.answers[MEMBER, view.to], view.answers[GLOBAL, view.to]
    hosts = [] if member.value is None else [str(member.value.cluster.get("Endpoint") or "")]
    if cluster.value is not None:  # where both Regions serve, the document names the global cluster's own, which moves
        hosts.append(str(cluster.value.get("Endpoint") or ""))
    yield _host(
        view, "database", str(database.get("writer") or ""), Answer(hosts, member.unknown), "rds:DescribeDBClusters"
    )
    found = view.answers[_CACHE, view.to]
    hosts = [found.value] if found.value else []
    yield _host(
        view,
        "cache",
        str(cache.get("host") or ""),
        Answer(hosts, found.unknown),
        "elasticache:DescribeReplicationGroups",
    )


def _parsed(text: str | None) -> Mapping[str, Any] | None:
    try:
        found = strict_json.parse(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _host(view: View, store: str, named: str, answer: Answer, action: str) -> Check:
    line = view.line(
        f"endpoint of the {store}",
        view.to,
        "the host in the endpoints document is the one that AWS has",
        f"{_UP} writes it",
    )
    if not answer.known:
        return line.unknown(answer.unknown, f"allow {action}")
    actual = [each for each in answer.value if each]
    if not named and not actual:
        return line.ok(_NOT_YET) if view.restores else line.problem("neither the document nor AWS has one")
    if named in actual:
        return line.ok(named)
    return line.problem(f"{named or 'none'}, and AWS has {' and '.join(actual) or 'none'}")
