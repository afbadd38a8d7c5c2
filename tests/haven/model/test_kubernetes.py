"""The support calendar of Kubernetes on EKS, and the add-on versions that Haven ships."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.model import kubernetes
from haven.model.catalog import Catalog
from haven.plan.summary import make_plan
from haven.program import aws_types
from infra.config import addons
from infra.config.models import Cluster
from tests.environments import environment

ENDS = date(2026, 12, 2)
"""The end of standard support of Kubernetes 1.34 (EKS user guide, release calendar)."""


def notes(version: str, today: date, policy: str = kubernetes.STANDARD, count: int = 1) -> list[str]:
    return list(kubernetes.support_notes({version: count}, policy, today))


def test_each_version_has_a_year_of_extended_support_after_its_standard_support() -> None:
    for each in kubernetes.calendar().values():
        assert each.extended_until == each.standard_until.replace(year=each.standard_until.year + 1)


def test_the_calendar_and_the_add_on_versions_have_a_source_and_a_date() -> None:
    for name in (kubernetes.VERSIONS, kubernetes.ADDONS):
        source = Catalog().source(name)
        assert source.source
        assert date.fromisoformat(source.retrieved_on) >= date(2026, 11, 26)


def test_the_shipped_version_is_the_newest_whose_add_on_versions_are_known() -> None:
    newest = max(kubernetes.addon_versions(), key=lambda each: int(each.partition(".")[2]))
    assert Cluster().version == newest == "1.36"


@pytest.mark.parametrize("version", ["1.33", "1.34", "1.35", "1.36"])
def test_a_shipped_version_pins_every_add_on(version: str) -> None:
    pins = addons.pinned(version, {})
    assert pins.keys() - {addons.SECRETS_STORE} == set(addons.NAMES)
    assert pins["kube-proxy"].startswith(f"v{version}.")
    assert addons.notes(version, {}) == []
    assert version in kubernetes.calendar()


def test_pods_can_mount_secrets_on_the_newest_versions() -> None:
    assert all(addons.SECRETS_STORE in addons.pinned(version, {}) for version in ("1.35", "1.36"))


def test_an_add_on_without_a_pin_is_named_in_a_note() -> None:
    chosen = {"coredns": "v1.14.3-eksbuild.23"}
    assert addons.pinned("1.40", chosen) == chosen
    (note,) = addons.notes("1.40", chosen)
    assert "Haven ships no add-on versions for Kubernetes 1.40" in note
    assert "coredns" not in note
    assert "kube-proxy" in note


def test_the_plan_warns_from_90_days_before_the_end_of_standard_support() -> None:
    assert notes("1.34", ENDS - timedelta(days=91)) == []
    (note,) = notes("1.34", ENDS - timedelta(days=90))
    assert "on 2026-12-02, in 90 days" in note
    assert "upgrades the control plane by itself" in note
    (note,) = notes("1.34", ENDS - timedelta(days=1))
    assert "in 1 day," in note


def test_the_warning_has_the_price_of_extended_support() -> None:
    (note,) = notes("1.34", ENDS - timedelta(days=30), kubernetes.EXTENDED, count=2)
    assert "0.60 instead of 0.10 USD an hour until 2027-12-02, here 730 USD a month more" in note
    (note,) = notes("1.34", ENDS, kubernetes.EXTENDED)
    assert note.startswith("EKS ended standard support of Kubernetes 1.34 on 2026-12-02: a cluster costs 0.60")
    assert "here 365 USD a month more" in note


def test_a_version_out_of_all_support_is_named_so() -> None:
    (note,) = notes("1.31", date(2026, 11, 26))
    assert "ended extended support of Kubernetes 1.31 on 2026-11-26" in note


def test_a_version_that_the_calendar_lacks_is_not_passed_over() -> None:
    (note,) = notes("1.40", ENDS)
    assert "Kubernetes 1.40 is not in the support calendar of 2026-11-26" in note


def test_a_version_older_than_the_calendar_is_out_of_support() -> None:
    for version in ("1.24", "1.9"):
        (note,) = notes(version, ENDS)
        assert note.startswith(
            f"Kubernetes {version} is older than 1.31, the oldest in the support calendar of 2026-11-26"
        )


@given(st.sampled_from(sorted(kubernetes.calendar())), st.dates(date(2024, 1, 1), date(2032, 1, 1)))
def test_there_is_a_note_exactly_from_90_days_before_the_end_on(version: str, today: date) -> None:
    due = today >= kubernetes.calendar()[version].standard_until - timedelta(days=90)
    for policy in (kubernetes.STANDARD, kubernetes.EXTENDED):
        assert len(notes(version, today, policy)) == (1 if due else 0)


def test_a_plan_warns_of_the_version_that_its_clusters_run() -> None:
    recording = environment("warm")
    assert not [each for each in make_plan(recording, today=date(2027, 5, 3)).notes if "support of Kubernetes" in each]
    (note,) = (each for each in make_plan(recording, today=date(2027, 5, 4)).notes if "support of Kubernetes" in each)
    assert "standard support of Kubernetes 1.36 on 2027-08-02, in 90 days" in note
    assert "here 730 USD a month more" in note


def test_a_plan_without_a_day_takes_this_one() -> None:
    recording = environment("warm")
    recorded = make_plan(replace(recording), today=datetime.now(UTC).date()).notes
    assert make_plan(recording).notes == recorded


def test_a_newer_kubernetes_is_planned_with_the_add_ons_at_the_default_of_eks() -> None:
    chosen = '{"version": "1.40", "upgradePolicy": "EXTENDED", "addons": {"coredns": "v1.20.0-eksbuild.1"}}'
    recording = environment("backup", cluster=chosen, systems="{}")
    (plane,) = (each for each in recording.real() if each.type == aws_types.EKS_CLUSTER)
    assert plane.inputs["version"] == "1.40"
    assert plane.inputs["upgradePolicy"] == {"supportType": "EXTENDED"}
    found = {
        each.inputs["addonName"]: each.inputs.get("addonVersion")
        for each in recording.real()
        if each.type == aws_types.EKS_ADDON
    }
    assert found == {**dict.fromkeys(addons.NAMES), "coredns": "v1.20.0-eksbuild.1"}
    assert any("Haven ships no add-on versions" in each for each in recording.outputs["notes"])
