"""Two recordings side by side."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.base.terminal import WIDTH, Style
from haven.model.tiers import Tier
from haven.plan import difference_text
from haven.plan.difference import (
    PropertyChange,
    as_json,
    by_component,
    diff_recordings,
    irreversible,
    move_json,
    with_objectives,
)
from haven.plan.summary import Plan, make_plan
from haven.program import aws_types as aws
from haven.program.diff import HIDDEN
from haven.program.recording import Options, Recording, Resource, Secret, reference
from haven.program.removal_steps import kept_resources
from tests.environments import TIERS, environment
from tests.haven.plan.hand_made_recordings import (
    EVERYTHING,
    PRIMARY,
    RECOVERY,
    node_group,
    promises,
    recording,
    resource,
)


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """How one bucket's inputs differ."""
    old, new = (recording(resource(aws.S3_BUCKET, "b", inputs)) for inputs in (before, after))
    found = diff_recordings(old, new)
    assert not found.added
    assert not found.removed
    return [(each.path, each.before, each.after) for change in found.changed for each in change.properties]


def test_a_recording_does_not_differ_from_itself() -> None:
    found = diff_recordings(recording(*EVERYTHING), recording(*EVERYTHING))
    assert not found


def test_what_only_one_side_has_is_added_or_removed() -> None:
    system, serving = node_group("system", 3, gpu=False), node_group("serving", 1, gpu=True)
    there = diff_recordings(recording(system), recording(system, serving))
    back = diff_recordings(recording(system, serving), recording(system))
    assert (list(there.added), list(there.removed)) == ([serving], [])
    assert (list(back.added), list(back.removed)) == ([], [serving])
    assert there


def test_providers_and_components_are_not_compared() -> None:
    provider = resource("pulumi:providers:aws", "aws")
    component = resource("haven:index:GlobalDatabase", "db", custom=False)
    assert not diff_recordings(recording(), recording(provider, component))


def test_a_change_is_named_by_the_innermost_property() -> None:
    old, new = recording(node_group("g", 1, gpu=True)), recording(node_group("g", 3, gpu=True))
    (change,) = diff_recordings(old, new).changed
    assert list(change.properties) == [PropertyChange("scalingConfig.desiredSize", "1", "3")]


def test_list_elements_are_named_by_their_place() -> None:
    assert changes({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}, {"b": 4}]}) == [
        ("a[1].b", "2", "3"),
        ("a[2]", None, '{"b": 4}'),
    ]


def test_added_and_removed_values_differ_from_empty_ones() -> None:
    assert changes({"a": "", "b": 1}, {"b": 1, "c": ""}) == [("a", "", None), ("c", None, "")]


def test_policies_are_compared_inside() -> None:
    old, new = (json.dumps({"Statement": [{"Effect": "Allow", "Action": action}]}) for action in ("a", "b"))
    assert changes({"policy": old}, {"policy": new}) == [("policy.Statement[0].Action", "a", "b")]


def test_text_that_only_looks_like_json_is_compared_as_text() -> None:
    assert changes({"a": "{x"}, {"a": "[y"}) == [("a", "{x", "[y")]


def test_a_number_is_not_a_truth_value() -> None:
    assert changes({"a": True}, {"a": 1}) == [("a", "true", "1")]


@pytest.mark.parametrize("place", [0, 50, 99])
def test_what_differs_inside_a_long_value_is_shown_with_what_is_around_it(place: int) -> None:
    old = "".join(f"{number:03}," for number in range(100))
    new = old.replace(f"{place:03},", "new,")
    ((_, before, after),) = changes({"a": old}, {"a": new})
    assert before is not None
    assert after is not None
    assert (f"{place:03}" in before, "new" in after) == (True, True)
    assert max(len(before), len(after)) < 45


def test_long_values_that_differ_everywhere_keep_both_their_ends() -> None:
    ((_, before, after),) = changes({"a": "x" * 100}, {"a": "y" * 100})
    assert (before, after) == tuple(f"{letter * 30} ... {letter * 30}" for letter in "xy")


def test_a_changed_secret_is_noticed_and_never_shown() -> None:
    old, new = (
        {"a": Secret("old-hush"), "b": {"c": Secret("same")}},
        {"a": Secret("new-hush"), "b": {"c": Secret("same")}},
    )
    assert changes(old, new) == [("a", HIDDEN, HIDDEN)]


def test_a_secret_inside_something_that_comes_or_goes_is_hidden_too() -> None:
    assert changes({}, {"a": [{"password": Secret("hush")}]}) == [("a", None, f'[{{"password": "{HIDDEN}"}}]')]


def test_references_are_shown_by_the_name_of_their_resource() -> None:
    vpc = resource(aws.EC2_VPC, "haven-vpc")
    old = recording(vpc, resource(aws.EC2_SUBNET, "s", {"vpcId": "vpc-1"}))
    new = recording(vpc, resource(aws.EC2_SUBNET, "s", {"vpcId": f"arn:{reference(vpc.key, 'id')}"}))
    (change,) = diff_recordings(old, new).changed
    assert change.properties[0].after == "arn:<haven-vpc.id>"
    nobody = recording(resource(aws.EC2_SUBNET, "s", {"vpcId": reference("0" * 12, "id")}))
    (change,) = diff_recordings(old, nobody).changed
    assert change.properties[0].after == "<unknown.id>"


def test_options_that_matter_are_compared_too() -> None:
    bucket = resource(aws.S3_BUCKET, "b")
    kept = replace(bucket, options=Options(protect=True, retain_on_delete=True))
    (change,) = diff_recordings(recording(bucket), recording(kept)).changed
    assert [(each.path, each.before, each.after) for each in change.properties] == [
        ("(protect)", "false", "true"),
        ("(retain on delete)", "false", "true"),
    ]


INPUTS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(st.sampled_from('ab{}[]"'), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # it measures time, which a busy machine lacks
@given(st.dictionaries(st.sampled_from("pqr"), INPUTS, max_size=3), st.dictionaries(st.sampled_from("pqr"), INPUTS))
def test_comparing_the_other_way_round_swaps_before_and_after(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(old, new) == [(path, before, after) for path, after, before in changes(new, old)]
    assert changes(old, old) == []


def test_records_are_grouped_by_region_and_component() -> None:
    places = by_component(each for each in EVERYTHING if each.custom)
    assert list(places) == sorted(places)
    assert (RECOVERY, "GlobalCache", "haven-GlobalCache") in places
    assert ("", "GlobalDatabase", "haven-GlobalDatabase") in places


def warm_and_backup() -> tuple[Recording, Recording]:
    """The same stack with and without things in the recovery Region, one group smaller and one policy longer."""
    before = recording(*EVERYTHING)
    kept = [each for each in EVERYTHING if each.region != RECOVERY and each.name != "serving"]
    after = recording(*kept, node_group("serving", 1, gpu=True), tier=Tier.BACKUP, objectives={}, judgements=[])
    return before, after


def plans() -> tuple[Plan, Plan]:
    before, after = (make_plan(each) for each in warm_and_backup())
    return before, with_objectives(after, before.objectives)


def text(notes: tuple[str, ...] = (), *, style: Style | None = None) -> str:
    return difference_text.render(*plans(), diff_recordings(*warm_and_backup()), notes, style or Style())


def test_the_other_tier_is_judged_by_this_stacks_objectives() -> None:
    _, after = plans()
    verdicts = {(each["objective"], each["promise"]): each["verdict"] for each in after.judgements}
    assert verdicts["rtoMinutes", "rto"] == "out of the tier's reach"
    assert after.objectives == {"rtoMinutes": 30, "rpoMinutes": 15}


def test_the_text_says_what_is_added_changed_and_removed_where() -> None:
    output = text()
    assert output.startswith("From tier warm to tier backup\n0 added, 1 changed, 3 removed\n")
    assert "  GPU nodes          4 -> 1     2 -> 0" in output
    assert f"  {PRIMARY}, InferenceCluster haven-InferenceCluster: 1\n    ~ serving  eks node group\n" in output
    assert "        scalingConfig.desiredSize: 4 -> 1\n" in output
    assert "    - cache-euc1  elasticache replication group\n" in output


def test_what_moving_back_does_not_bring_back_is_listed_and_what_is_replicated_again_is_not() -> None:
    logs = resource(aws.CLOUDWATCH_LOG_GROUP, "flow-logs", {"name": "flow-logs"}, region=RECOVERY)
    member = resource(aws.RDS_CLUSTER, "member", {"clusterIdentifier": "member"}, region=RECOVERY)
    group = resource(aws.EC2_SECURITY_GROUP, "group", region=RECOVERY)
    diff = diff_recordings(recording(logs, member, group), recording())
    assert [(each.record.name, each.step) for each in irreversible(diff)] == [("flow-logs", "deleted")]
    sentence = "1 cloudwatch log group deleted (its log events; export what an audit may need): flow-logs"
    assert list(difference_text.lost_for_good(diff)) == [sentence]
    shown = difference_text.moves("warm", {"backup": diff}, Style())
    assert "to backup: 0 added, 0 changed, 3 removed" in shown
    assert f"irreversible: {sentence}" in shown
    assert [each["lost"] for each in move_json(diff)["irreversible"]] == [irreversible(diff)[0].lost]
    back = diff_recordings(recording(), recording(logs, member, group))
    assert "moving back undoes all of it" in difference_text.moves("backup", {"warm": back}, Style())


def test_the_text_puts_the_promises_side_by_side() -> None:
    assert "time to recover once decided      2.5 min          20 min [A]  60 min             24 h [A]" in text()


def test_the_text_says_what_else_had_to_differ() -> None:
    assert "\na note on systems\n" in text(("a note on systems",))


def test_no_changes_are_reported_as_such() -> None:
    before, _ = warm_and_backup()
    plan = make_plan(before)
    output = difference_text.render(plan, plan, diff_recordings(before, before), (), Style())
    assert output.startswith("From tier warm to tier warm\nnothing differs\n")


def test_added_properties_and_changed_secrets_are_described_in_words() -> None:
    parameter = aws.SSM_PARAMETER
    old = recording(resource(parameter, "p", {"value": Secret("a"), "old": 1}))
    new = recording(resource(parameter, "p", {"value": Secret("b"), "new": 2}))
    output = difference_text.render(make_plan(old), make_plan(new), diff_recordings(old, new), (), Style())
    assert "        new: 2 (new)\n" in output
    assert "        old: 1 -> (gone)\n" in output
    assert "        value: (secret), which differs\n" in output


def test_no_line_is_wider_than_a_terminal() -> None:
    assert max(len(line) for line in text(style=Style()).splitlines()) <= WIDTH


def going(*, protect: bool = True, retain: bool = True) -> Recording:
    """A Region's table replica, balancer and node group, which another tier doesn't have."""
    replica = resource(aws.DYNAMODB_TABLE_REPLICA, "features-replica", region=RECOVERY, protect=protect)
    return recording(
        replace(replica, options=Options(protect=protect, retain_on_delete=retain)),
        resource(aws.LB_LOAD_BALANCER, "edge", region=RECOVERY, protect=protect),
        node_group("serving", 2, gpu=True, region=RECOVERY),
    )


def test_refused_resources_are_named_with_the_steps_in_order() -> None:
    before, after = going(), recording(tier=Tier.BACKUP)
    output = difference_text.render(make_plan(before), make_plan(after), diff_recordings(before, after), (), Style())
    refused = output[output.index("Refused: 2 resources") : output.index("Promises")]
    order = [
        "1. Save what",
        "features-replica: nothing that the home table doesn't have",
        "2. Unprotect each",
        "pulumi state unprotect urn:pulumi:test::haven::aws:dynamodb/tableReplica:TableReplica::features-replica\n",
        "pulumi state unprotect urn:pulumi:test::haven::aws:lb/loadBalancer:LoadBalancer::edge\n",
        "3. Turn off",
        "deletion_protection.enabled,Value=false",
        "4. Change haven:tier",
        "pulumi up\n",
        "5. Retained resources",
        "aws dynamodb update-table --table-name features --no-deletion-protection-enabled --region eu-central-1\n",
        "aws dynamodb update-table --table-name features --replica-updates",
    ]
    places = [refused.index(each) for each in order]
    assert places == sorted(places)
    assert "serving" not in refused


def test_nothing_is_refused_where_nothing_is_protected() -> None:
    before, after = going(protect=False, retain=False), recording(tier=Tier.BACKUP)
    found = diff_recordings(before, after)
    assert "Refused" not in difference_text.render(make_plan(before), make_plan(after), found, (), Style())
    assert as_json(make_plan(before), make_plan(after), found, ())["compare"]["refused"] == []


def test_json_has_the_refused_resources_with_their_commands() -> None:
    before, after = going(), recording(tier=Tier.BACKUP)
    output = as_json(make_plan(before), make_plan(after), diff_recordings(before, after), ())
    refused = {each["name"]: each for each in output["compare"]["refused"]}
    assert refused.keys() == {"features-replica", "edge"}
    for each in refused.values():
        assert each["unprotect"] == f"pulumi state unprotect {each['urn']}"
        assert each["data"]
        assert each["deleteCommands"]


def test_a_urn_is_quoted_for_the_shell() -> None:
    nested = replace(going().resources[0], urn="urn:pulumi:test::haven::a$b::features-replica")
    (found,) = kept_resources([nested])
    assert found.unprotect == "pulumi state unprotect 'urn:pulumi:test::haven::a$b::features-replica'"


def test_a_protected_type_without_known_commands_is_refused_too() -> None:
    (found,) = kept_resources([resource("aws:new/thing:Thing", "thing", protect=True)])
    assert (found.delete_commands, bool(found.data)) == ([], True)


@pytest.mark.parametrize(("before", "after"), [*pairwise(reversed(TIERS))])
def test_every_kept_type_that_a_lower_tier_removes_has_commands(before: str, after: str) -> None:
    stacks = [environment("backup", tier=each) for each in (before, after)]
    found = kept_resources(diff_recordings(*stacks).removed)
    assert [each.record.type for each in found if not each.delete_commands] == []


def test_json_has_the_plan_and_the_comparison() -> None:
    before, after = plans()
    output = as_json(before, after, diff_recordings(*warm_and_backup()), ["a note"])
    assert output["tier"] == "warm"
    assert output["compare"].keys() == {
        "tier", "regions", "promises", "judgements", "notes", "added", "changed", "removed", "refused",
        "irreversible",
    }  # fmt: skip
    assert output["compare"]["tier"] == "backup"
    worst = {name: each["worstCaseMinutes"] for name, each in output["compare"]["promises"].items()}
    assert worst == {name: each["atMostMinutes"] for name, each in promises(Tier.BACKUP).items()}
    (changed,) = output["compare"]["changed"]
    assert changed["properties"] == [{"path": "scalingConfig.desiredSize", "before": "4", "after": "1"}]
    assert [each["name"] for each in output["compare"]["removed"]] == sorted(_names_in(RECOVERY), key=_urn)
    assert "hush" not in json.dumps(output)


def _names_in(region: str) -> list[str]:
    return [each.name for each in EVERYTHING if each.region == region]


def _urn(name: str) -> str:
    found: Resource = next(each for each in EVERYTHING if each.name == name)
    return found.urn


EXACT = """\
[1mFrom tier warm to tier backup[0m
1 added, 1 changed, 1 removed

             eu-west-1  eu-central-1
  resources  1 -> 2     1 -> 0
  GPU nodes  4 -> 1     2 -> 0
  buckets    0 -> 1     0

[1mAdded: 1 resource[0m
  eu-west-1, the stack itself: 1
[32m    + logs  s3 bucket[0m

[1mChanged: 1 resource[0m
  eu-west-1, InferenceCluster haven-InferenceCluster: 1
[33m    ~ serving  eks node group[0m
        scalingConfig.desiredSize: 4 -> 1

[1mRemoved: 1 resource[0m
  eu-central-1, InferenceCluster haven-InferenceCluster: 1
[31m    - serving-there  eks node group[0m

[1mPromises ([A]: the worst case is an assumption)[0m
  promise                           warm: best case  worst case  backup: best case  worst case
  time to recover once decided      2.5 min          20 min [A]  60 min             24 h [A]
  lost: cached entries              1 s              1 min [A]   all of them        all of them
  lost: committed database writes   1 s              1 min       2 h                4 h [A]
  lost: objects not yet replicated  1 s              15 min      1 s                no promise

[1mThis stack's objectives under tier backup[0m
  RTO 30 min  time to recover once decided      out of the tier's reach
  RPO 15 min  lost: committed database writes   out of the tier's reach
  RPO 15 min  lost: objects not yet replicated  possible, but not promised: measure it in drills
  RPO 15 min  lost: cached entries              possible, but not promised: measure it in drills
"""


def test_a_comparison_reads_like_this() -> None:
    old = recording(node_group("serving", 4, gpu=True), node_group("serving-there", 2, gpu=True, region=RECOVERY))
    logs = resource(aws.S3_BUCKET, "logs", {"bucket": "logs"})
    new = recording(node_group("serving", 1, gpu=True), logs, tier=Tier.BACKUP)
    output = difference_text.render(make_plan(old), make_plan(new), diff_recordings(old, new), (), Style(colour=True))
    assert output.replace("\033", "") == EXACT


def test_a_resource_that_moves_to_another_region_is_changed() -> None:
    bucket = resource(aws.S3_BUCKET, "b")
    (change,) = diff_recordings(recording(bucket), recording(replace(bucket, region=RECOVERY))).changed
    assert list(change.properties) == [PropertyChange("(Region)", PRIMARY, RECOVERY)]
