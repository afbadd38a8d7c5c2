"""What the next deployment of a whole stack makes of everything that a promotion is known to change.

No emulator changes all of it, so the stack's state is made up, and the table of `promotion_effects` is read
back into it.
The AWS provider then plans, without asking anybody.
"""

import copy
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from haven.emulator import drift
from haven.emulator.drift import ResourceDrift
from haven.program.recording import Recording
from haven.terraform import cli
from haven.terraform.export import Export, export
from tests.conformance.promotion import promotion_effects
from tests.conformance.promotion.fabricated_state import Standing, stand
from tests.conformance.promotion.promotion_effects import Afterwards, Member, PromotionEffect
from tests.environments import PRIMARY, RECOVERY, environment

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(1800)]

STACK = "warm"
"""It has all that a promotion moves: a member with an instance, a Global Datastore, secrets in both Regions."""
FAILOVERS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    RECOVERY: ({}, {"active": RECOVERY}),
    PRIMARY: ({"active": RECOVERY, "demote": PRIMARY}, {"demote": PRIMARY}),
}
"""The newly active Region -> the stack's keys before and after."""
ENLARGED = {
    "aws_eks_node_group": "scaling_config.",
    "aws_ssm_parameter": "insecure_value",
    "aws_vpc_endpoint": "subnet_ids",
}
"""What changes in the newly active Region: more nodes, the endpoints of what is new there, interface endpoints in every
zone."""


@dataclass(frozen=True)
class Failover:
    """A deployed stack that was promoted out-of-band, and is now declared with the other Region as the active one."""

    to: str
    """The newly active Region."""
    standing: Standing
    before: Export
    after: Export
    recording: Recording
    """Of what is declared now."""

    def copied(self, place: Path) -> "Failover":
        """The same in a directory of its own, where more may be read back."""
        folder = place / "copied"
        shutil.copytree(self.standing.folder, folder, symlinks=True)
        return replace(self, standing=replace(self.standing, folder=folder))

    def is_instance_of(self, address: str, region: str) -> bool:
        """Whether it is a database instance in this Region."""
        return address.startswith("aws_rds_cluster_instance.") and self.region(address) == region

    def region(self, address: str) -> str | None:
        """The Region that a resource belongs to."""
        return self.recording.by_urn[self.after.urns[address]].region

    def changes(self, address: str) -> Iterable[PromotionEffect]:
        """What the promotion changes in a resource."""
        type_ = address.partition(".")[0]
        side = Member.PROMOTED if self.region(address) == self.to else Member.DEMOTED
        return [*promotion_effects.of(type_, side), *promotion_effects.of(type_, Member.SHARED)]

    def read_back(self, afterwards: Afterwards) -> set[tuple[str, str]]:
        """Let a refresh have found these rows; returns where, addresses with names of attributes."""
        values: dict[str, dict[str, Any]] = {}
        for address in self.standing.addresses():
            for each in self.changes(address):
                if each.afterwards is afterwards:
                    words = {**self._words(address), "same": self.standing.attributes(address)[each.attribute]}
                    values.setdefault(address, {})[each.attribute] = promotion_effects.actual(each, words)
        self.standing.read_back(values)
        return {(address, attribute) for address, changed in values.items() for attribute in changed}

    def plan(self, exported: Export, *targets: str) -> dict[str, ResourceDrift]:
        """Address -> what would be done to it; of all that is declared, or of these addresses."""
        plan = self.standing.plan(exported, *targets)
        return {each.address: each for each in drift.from_terraform(plan, exported.document)}

    def _words(self, address: str) -> Mapping[str, Any]:
        arns = {region: self.standing.attributes(each)["arn"] for region, each in self._sides("aws_rds_cluster")}
        groups = dict(self._sides("aws_elasticache_replication_group"))
        return {
            "other": next(arn for region, arn in arns.items() if region != self.region(address)),
            "writer": arns[self.to],
            "promoted": self.standing.attributes(groups[self.to])["id"],
            "members": [{"db_cluster_arn": arn, "is_writer": region == self.to} for region, arn in arns.items()],
            "later": "16.13",
        }

    def _sides(self, type_: str) -> Iterable[tuple[str | None, str]]:
        return [(self.region(each), each) for each in self.standing.addresses() if each.startswith(f"{type_}.")]


def fail_over(provider: cli.Terraform, to: str, folder: Path, stack: str = STACK) -> Failover:
    before, recording = environment(stack, **FAILOVERS[to][0]), environment(stack, **FAILOVERS[to][1])
    schema = provider.schema()
    old = export(before, schema)
    return Failover(to, stand(provider, old, folder), old, export(recording, schema), recording)


def expecting_nothing(exported: Export, *types: str) -> Export:
    """The same declarations, those of these types without what they ignore."""
    document = copy.deepcopy(dict(exported.document))
    for type_ in types:
        for body in document["resource"][type_].values():
            body.get("lifecycle", {}).pop("ignore_changes", None)
    return replace(exported, document=document)


def _names_a_rebuilt_volume(difference: ResourceDrift) -> bool:
    """The heartbeat's right to log in names the cluster by an identifier that a new volume may change: it follows."""
    names_the_cluster = any(each.startswith("aws_rds_cluster.") for each in difference.refers_to)
    return difference.type == "aws_iam_role_policy" and difference.arguments == ("policy",) and names_the_cluster


def assert_only_enlarges(failover: Failover, differences: Mapping[str, ResourceDrift]) -> None:
    assert differences
    assert {each.action for each in differences.values()} <= {"create", "update"}
    enlarged = {address: each for address, each in differences.items() if not _names_a_rebuilt_volume(each)}
    assert {failover.region(address) for address in enlarged} == {failover.to}
    for each in enlarged.values():
        if each.action == "update":
            assert all(argument.startswith(ENLARGED[each.type]) for argument in each.arguments)


@pytest.fixture(scope="module")
def failed_over(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Failover:
    """After a failover, with everything read back that is to stay as it is."""
    failover = fail_over(provider, RECOVERY, tmp_path_factory.mktemp("failed-over"))
    failover.read_back(Afterwards.STAYS)
    return failover


@pytest.fixture(scope="module")
def enlarged(failed_over: Failover) -> Mapping[str, ResourceDrift]:
    """What the next deployment changes then."""
    return failed_over.plan(failed_over.after)


def test_after_a_failover_nothing_of_it_is_undone(failed_over: Failover, enlarged: Mapping[str, ResourceDrift]) -> None:
    assert_only_enlarges(failed_over, enlarged)


def test_what_is_put_back_is_put_back_in_place_and_nothing_else_happens(
    failed_over: Failover, enlarged: Mapping[str, ResourceDrift], tmp_path: Path
) -> None:
    moved = failed_over.copied(tmp_path)
    put_back = moved.read_back(Afterwards.PUT_BACK)
    planned = moved.plan(moved.after)
    mended = [each for address, each in planned.items() if address not in enlarged]
    assert planned == {**enlarged, **{each.address: each for each in mended}}
    assert {each.action for each in mended} == {"update"}
    assert {(each.address, argument) for each in mended for argument in each.arguments} == put_back


def test_a_declaration_that_does_not_expect_it_would_undo_it(failed_over: Failover) -> None:
    """Each row is seen to bite; the cache's groups by themselves, for their replacement hides the other rows."""
    rows = [
        each for each in promotion_effects.PROMOTION_EFFECTS if each.otherwise and each.afterwards is Afterwards.STAYS
    ]
    groups = {each.type for each in rows if each.type == "aws_elasticache_replication_group"}
    for types in (groups, {each.type for each in rows} - groups):
        affected = [each for each in failed_over.standing.addresses() if each.partition(".")[0] in types]
        naive = failed_over.plan(expecting_nothing(failed_over.after, *types), *affected).values()
        for row in (each for each in rows if each.type in types):
            hit = {each.action for each in naive if each.type == row.type and row.attribute in each.arguments}
            # A resource that is replaced for another row's sake shows nothing gentler.
            assert hit & {row.otherwise, "replace"}, row


def test_an_instance_that_a_runbook_made_with_defaults_is_mended_in_place(
    failed_over: Failover, tmp_path: Path
) -> None:
    defaults = {
        "auto_minor_version_upgrade": True,
        "copy_tags_to_snapshot": False,
        "performance_insights_enabled": False,
        "performance_insights_kms_key_id": "",
        "preferred_maintenance_window": "sun:05:00-sun:05:30",
        "promotion_tier": 1,
        "tags": {},
        "tags_all": {},
    }
    moved = failed_over.copied(tmp_path)
    (address,) = (each for each in moved.standing.addresses() if moved.is_instance_of(each, RECOVERY))
    moved.standing.read_back({address: defaults})
    mended = moved.plan(moved.after, address)[address]
    assert mended.action == "update"
    assert {each.partition(".")[0] for each in mended.arguments} == set(defaults)


def test_every_row_is_about_something_that_is_declared(failed_over: Failover) -> None:
    listed = {(each.type, each.attribute) for each in promotion_effects.PROMOTION_EFFECTS}
    changes = {address: failed_over.changes(address) for address in failed_over.standing.addresses()}
    assert {(each.type, each.attribute) for found in changes.values() for each in found} == listed


def test_before_a_failover_nothing_would_change(provider: cli.Terraform, tmp_path: Path) -> None:
    failover = fail_over(provider, RECOVERY, tmp_path)
    assert failover.plan(failover.before) == {}


def test_after_a_failback_nothing_of_it_is_undone(provider: cli.Terraform, tmp_path: Path) -> None:
    failover = fail_over(provider, PRIMARY, tmp_path)
    failover.read_back(Afterwards.STAYS)
    assert_only_enlarges(failover, failover.plan(failover.after))


def test_from_pilot_light_the_missing_instance_is_made_under_the_manifests_name(
    provider: cli.Terraform, tmp_path: Path
) -> None:
    failover = fail_over(provider, RECOVERY, tmp_path, "pilot-light")
    differences = failover.plan(failover.after)
    assert_only_enlarges(failover, differences)
    made = [each.address for each in differences.values() if each.type == "aws_rds_cluster_instance"]
    listed = failover.recording.outputs["manifest"]["sides"][RECOVERY]["database"]["instances"]
    assert {each.partition(".")[2] for each in made} <= set(listed)
    assert made
