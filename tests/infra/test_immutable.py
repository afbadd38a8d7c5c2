"""What an environment cannot change after its first deployment."""

import pytest

from haven.base.problems import Problems
from haven.config.stack_file import load_stack
from haven.program.recorder import record
from tests.environments import PRIMARY, RECOVERY, ROOT, environment


def test_a_first_deployment_writes_to_the_primary_region() -> None:
    config = {**load_stack("warm", ROOT).config, "haven:active": RECOVERY}
    with pytest.raises(Problems) as refused:
        record(ROOT / "infra", stack="warm", config=config, first_deployment=True)
    assert refused.value.render() == (
        "1 problem in the config of stack warm:\n"
        '  haven:active: got "eu-central-1"; allowed: "eu-west-1" at the first deployment: everything is created there;'
        " fix: delete haven:active until the first deployment is done, then fail over"
    )


def test_a_first_deployment_has_nothing_that_it_could_be_a_copy_of() -> None:
    config = {**load_stack("warm", ROOT).config, "haven:rebuilt": "true"}
    with pytest.raises(Problems, match="haven:rebuilt: got true; allowed: false at the first deployment"):
        record(ROOT / "infra", stack="warm", config=config, first_deployment=True)


def test_the_regions_of_an_environment_cannot_be_edited() -> None:
    born = {"regions": {"primary": PRIMARY, "recovery": "eu-west-3"}, "active": PRIMARY}
    with pytest.raises(Problems, match="as at the first deployment: another Region would replace everything"):
        record(ROOT / "infra", stack="warm", config=load_stack("warm", ROOT).config, remembered=born)


def test_nothing_is_declared_before_the_regions_were_checked() -> None:
    born = {"regions": {"primary": PRIMARY, "recovery": "eu-west-3"}, "active": PRIMARY}
    seen: list[str] = []
    with pytest.raises(Problems):
        record(ROOT / "infra", stack="warm", config=load_stack("warm", ROOT).config, remembered=born, seen=seen.append)
    assert [urn.split("::")[2] for urn in seen] == ["pulumi:index:Stash"]


def test_a_refused_edit_of_the_regions_is_not_written_into_the_state() -> None:
    (stash,) = (each for each in environment("warm").resources if each.type == "pulumi:index:Stash")
    assert stash.options.ignore_changes == ("input.regions",)
