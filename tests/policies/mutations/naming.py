"""What is broken of naming and tags."""

import json

from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_policies.rules.naming import TAGS
from tests.policies.breaking import Change, Mutation, both, find, putting, setting

TAGGED, CARRIES, FITS = "resources-tagged", "names-carry-environment", "names-fit-aws"
DASHBOARD = aws.CLOUDWATCH_DASHBOARD
TOPIC = aws.SNS_TOPIC
ALIAS = aws.KMS_ALIAS


def by_default(**tags: str | None) -> Change:
    """Other default tags of both providers; None takes one out."""

    def change(recording: Recording) -> Recording:
        providers = [each for each in recording.resources if each.type == "pulumi:providers:aws"]
        for each in providers:
            there = json.loads(each.inputs["defaultTags"])["tags"]
            kept = {name: value for name, value in {**there, **tags}.items() if value is not None}
            recording = putting(each, "defaultTags", json.dumps({"tags": kept}))(recording)
        return recording

    return change


def tagging(type_: str, name: str, value: str) -> Change:
    """Another tag of one resource of its own."""

    def change(recording: Recording) -> Recording:
        record = find(recording, type_)
        return putting(record, "tags", {**record.inputs.get("tags", {}), name: value})(recording)

    return change


MUTATIONS = (
    *(Mutation(TAGGED, "warm", f"no resource with the tag {each}", by_default(**{each: None})) for each in TAGS),
    *(Mutation(TAGGED, "demo", f"a table whose tag {each} is empty", tagging(TOPIC, each, " ")) for each in TAGS),
    Mutation(
        TAGGED,
        "active-active",
        "a topic with the tag of another environment",
        tagging(TOPIC, "haven:environment", "warm"),
    ),
    Mutation(TAGGED, "account", "an account without a cost center", by_default(**{"cost-center": ""})),
    Mutation(CARRIES, "warm", "a topic that every environment would call so", setting(TOPIC, "name", "alarms")),
    Mutation(
        CARRIES,
        "active-active",
        "a dashboard of another environment's name",
        setting(DASHBOARD, "dashboardName", "haven-warm-board"),
    ),
    Mutation(CARRIES, "account", "a key's alias without the environment", setting(ALIAS, "name", "alias/records")),
    Mutation(
        FITS,
        "warm",
        "a dashboard with a blank in its name",
        setting(DASHBOARD, "dashboardName", "haven-warm at night"),
    ),
    Mutation(
        FITS,
        "demo",
        "two names that are too long and too odd",
        both(
            setting(DASHBOARD, "dashboardName", "haven-demo-" + "x" * 256),
            setting(ALIAS, "name", "haven-demo-without-its-prefix"),
        ),
    ),
)
