"""Terraform and the AWS provider are found on this machine, without a network, and values are made once."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from haven.base.deployment_error import DeploymentError
from haven.base.missing_dependency import MissingDependency
from haven.terraform import cli as terraform
from haven.terraform import mirrors, provider_differences, random_values
from haven.terraform.export import Export
from haven.terraform.random_values import Recipe

ASKED = "asked"
"""The file in which the stand-in for Terraform writes down what it is asked."""
STAND_IN = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
env > "$(dirname "$0")/environment"
case "$1" in
  version) echo '{"terraform_version": "1.0.0"}' ;;
  plan) cat "$(dirname "$0")/says"; ! grep -q '"error"' "$(dirname "$0")/says" ;;
  show) echo '{"resource_changes": ["shown"]}' ;;
esac
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a stand-in for Terraform, which is all that is on PATH; nothing else is on this machine."""
    directory = tmp_path / "cli"
    _stand_in(directory, "terraform")
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "data"))
    monkeypatch.setattr(mirrors, "_ADD_ON_SOFTWARE", tmp_path / "software")
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "XDG_DATA_HOME", mirrors.CHOSEN):
        monkeypatch.delenv(name, raising=False)
    return directory


def _stand_in(directory: Path, name: str) -> None:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(STAND_IN)
    program.chmod(0o755)


def _mirror(directory: Path, version: str = provider_differences.PROVIDER) -> Path:
    (directory / terraform.SOURCE / version / mirrors._target()).mkdir(parents=True)
    return directory


def _asked(cli: Path) -> list[str]:
    file = cli / ASKED
    return file.read_text().splitlines() if file.exists() else []


PLACES = ["home/.terraform.d/plugins", "home/.local/share/terraform/plugins", "data/terraform/plugins", "software/any"]


@pytest.mark.parametrize("place", PLACES)
def test_the_provider_is_found_wherever_a_mirror_may_lie(place: str, cli: Path, tmp_path: Path) -> None:
    mirror = _mirror(tmp_path / place)
    assert terraform.find(tmp_path / "state").options == (f"-plugin-dir={mirror}",)


def test_a_mirror_that_is_named_comes_first(cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _mirror(tmp_path / PLACES[0])
    monkeypatch.setenv(mirrors.CHOSEN, str(_mirror(tmp_path / "mine")))
    assert terraform.find(tmp_path / "state").options == (f"-plugin-dir={tmp_path / 'mine'}",)


def test_a_mirror_of_zips_is_one_too(cli: Path, tmp_path: Path) -> None:
    provider = tmp_path / PLACES[0] / terraform.SOURCE
    provider.mkdir(parents=True)
    (provider / f"terraform-provider-aws_{provider_differences.PROVIDER}_{mirrors._target()}.zip").touch()
    assert terraform.find(tmp_path / "state").options == (f"-plugin-dir={tmp_path / PLACES[0]}",)


def test_without_the_provider_terraform_is_never_started(cli: Path, tmp_path: Path) -> None:
    _mirror(tmp_path / PLACES[0], version="4.0.0")
    with pytest.raises(MissingDependency, match=rf"AWS provider {provider_differences.PROVIDER}.*{mirrors.CHOSEN}"):
        terraform.find(tmp_path / "state")
    assert _asked(cli) == []


def test_without_terraform_the_error_names_where_to_get_it(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="no Terraform CLI on PATH"):
        terraform.find(tmp_path / "state")


def test_opentofu_will_do(cli: Path, tmp_path: Path) -> None:
    (cli / "terraform").rename(cli / "tofu")
    _mirror(tmp_path / PLACES[0])
    assert Path(terraform.find(tmp_path / "state").program).name == "tofu"


def test_settings_of_the_user_s_own_are_used_as_they_are(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings"
    settings.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(settings))
    assert terraform.find(tmp_path / "state").options == ()
    assert f"TF_CLI_CONFIG_FILE={settings}" in (cli / "environment").read_text()


def test_settings_that_are_not_there_are_not_passed_on(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirror(tmp_path / PLACES[0])
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "gone"))
    assert terraform.find(tmp_path / "state").options != ()
    assert "TF_CLI_CONFIG_FILE" not in (cli / "environment").read_text()


def test_nothing_of_the_user_s_accounts_reaches_the_provider(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirror(tmp_path / PLACES[0])
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("TF_VAR_word", "x")
    terraform.find(tmp_path / "state")
    passed = (cli / "environment").read_text()
    assert "production" not in passed
    assert "TF_VAR_word" not in passed
    assert "CHECKPOINT_DISABLE=1" in passed


def test_a_deployment_to_aws_keeps_the_user_s_credentials_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "sandbox")
    monkeypatch.setenv("AWS_CONFIG_FILE", "mine")
    monkeypatch.setenv("TF_VAR_word", "x")
    passed = terraform.environment(tmp_path, own_credentials=True)
    assert (passed["AWS_PROFILE"], passed["AWS_CONFIG_FILE"]) == ("sandbox", "mine")
    assert "TF_VAR_word" not in passed
    assert "AWS_PROFILE" not in terraform.environment(tmp_path)


def test_what_the_provider_refuses_is_reported_by_address(cli: Path, tmp_path: Path) -> None:
    _mirror(tmp_path / PLACES[0])
    wrong = {"severity": "error", "summary": "Bad", "detail": "too big", "address": "aws_vpc.a"}
    mild = wrong | {"severity": "warning"}
    (cli / "says").write_text("\n".join(["no JSON", *(json.dumps({"diagnostic": each}) for each in (wrong, mild))]))
    verdict = terraform.find(tmp_path / "state").validate(Export({}, {}, frozenset(), [], [], {}), tmp_path / "judged")
    assert verdict.errors == ["aws_vpc.a: Bad: too big"]
    assert verdict.created == frozenset()


@pytest.mark.parametrize(("counted", "shown"), [("add", ["shown"]), ("import", ["shown"]), (None, [])])
def test_a_plan_is_shown_only_where_something_would_change(
    counted: str | None, shown: list[str], cli: Path, tmp_path: Path
) -> None:
    _mirror(tmp_path / PLACES[0])
    changes = {
        "add": 0,
        "change": 0,
        "import": 0,
        "remove": 0,
        "operation": "plan",
        **({counted: 1} if counted else {}),
    }
    (cli / "says").write_text(json.dumps({"type": "change_summary", "changes": changes}))
    assert terraform.find(tmp_path / "state").plan(tmp_path) == {"resource_changes": shown}
    assert any(each.startswith("show") for each in _asked(cli)) == bool(shown)


def test_a_directory_is_initialized_for_its_first_export_only(cli: Path, tmp_path: Path) -> None:
    _mirror(tmp_path / PLACES[0])
    found = terraform.find(tmp_path / "state")
    before = len(_asked(cli))
    for folder in ("one", "one", "two"):
        found.prepare(Export({}, {}, frozenset(), [], [], {}), tmp_path / folder)
    assert [each.split()[0] for each in _asked(cli)[before:]] == ["init", "init"]


def test_a_command_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="timed out"):
        terraform.run(["sleep", "60"], tmp_path, 0.1)


def test_the_schema_is_asked_for_once_and_then_kept(provider: terraform.Terraform) -> None:
    assert "aws_rds_global_cluster" in provider.schema().types
    (kept,) = provider.base.glob("aws-*.json")
    written = kept.stat().st_mtime_ns
    assert "aws_rds_global_cluster" in replace(provider).schema().types
    assert kept.stat().st_mtime_ns == written


def test_a_process_reads_the_schema_once(provider: terraform.Terraform) -> None:
    assert provider.schema() is provider.schema()


def test_an_export_is_readable_by_its_owner_alone(cli: Path, tmp_path: Path) -> None:
    _mirror(tmp_path / PLACES[0])
    folder = tmp_path / "prepared"
    terraform.find(tmp_path / "state").prepare(Export({}, {}, frozenset(), [], [], {}), folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "main.tf.json").stat().st_mode) == 0o600


def test_the_endpoint_of_an_export_is_in_the_aws_config_that_terraform_reads(cli: Path, tmp_path: Path) -> None:
    _mirror(tmp_path / PLACES[0])
    found, folder = terraform.find(tmp_path / "state"), tmp_path / "prepared"
    config = folder / "aws-config"
    found.prepare(Export({}, {}, frozenset(), [], [], {}, "http://127.0.0.1:1"), folder)
    assert config.read_text() == "[default]\nendpoint_url = http://127.0.0.1:1\n"
    assert f"AWS_CONFIG_FILE={config}" in (cli / "environment").read_text()
    found.prepare(Export({}, {}, frozenset(), [], [], {}), folder)
    assert not config.exists()


def test_a_value_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    recipes = {"word": Recipe(32, ("abc", "123"))}
    random_values.keep(recipes, tmp_path)
    file = tmp_path / random_values.FILE
    first = json.loads(file.read_text())
    random_values.keep(recipes | {"other": Recipe(8, ("x",))}, tmp_path)
    assert json.loads(file.read_text()) == first | {"other": "xxxxxxxx"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [random_values.FILE]


def test_a_value_that_no_longer_fits_its_recipe_is_generated_again(tmp_path: Path) -> None:
    random_values.keep({"word": Recipe(4, ("a",))}, tmp_path)
    random_values.keep({"word": Recipe(5, ("a",))}, tmp_path)
    assert json.loads((tmp_path / random_values.FILE).read_text()) == {"word": "aaaaa"}


def test_a_made_value_has_every_wanted_kind_of_character_and_no_other() -> None:
    recipe = random_values.recipe({"length": 4.0, "overrideSpecial": "#"})
    for _ in range(50):
        text = recipe.make()
        assert (len(text), recipe.fits(text)) == (4, True)
        assert [any(kind(each) for each in text) for kind in (str.islower, str.isupper, str.isdigit)] == [True] * 3
        assert "#" in text
