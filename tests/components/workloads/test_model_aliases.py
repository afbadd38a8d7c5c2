import pytest

from haven_components.workloads.scripts import model_aliases

URL, MODEL = "http://registry", "chat"


class Registry:
    """What of MLflow's API the command uses, for one model."""

    def __init__(self, versions: set[str]) -> None:
        self.versions = versions
        self.aliases: dict[str, str] = {}

    def call(self, _: str, method: str, path: str, values: dict[str, str]) -> object:
        if path == model_aliases.VERSION_API:
            return {} if values["version"] in self.versions else None
        if method == "POST":
            self.aliases[values["alias"]] = values["version"]
            return {}
        found = self.aliases.get(values["alias"])
        return found and {"model_version": {"version": found}}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry({"1", "2", "3"})
    monkeypatch.setattr(model_aliases, "call", made.call)
    return made


def test_what_served_before_a_promotion_is_the_known_good_version(registry: Registry) -> None:
    for version in ("1", "2", "2"):
        assert model_aliases.main([URL, "promote", MODEL, version]) == 0
    assert registry.aliases == {"serving": "2", "known-good": "1"}


def test_a_rollback_can_be_repeated(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    registry.aliases = {"serving": "3", "known-good": "2"}
    for _ in range(2):
        assert model_aliases.main([URL, "rollback", MODEL]) == 0
    assert registry.aliases == {"serving": "2", "known-good": "2"}
    assert capsys.readouterr().out.endswith("serving: 2\nknown-good: 2\n")


def test_a_version_that_is_not_registered_changes_nothing(registry: Registry) -> None:
    registry.aliases = {"serving": "1"}
    with pytest.raises(SystemExit, match="model chat has no version 4"):
        model_aliases.main([URL, "promote", MODEL, "4"])
    assert registry.aliases == {"serving": "1"}


def test_without_a_known_good_version_a_rollback_names_the_command_that_makes_one(registry: Registry) -> None:
    registry.aliases = {"serving": "1"}
    with pytest.raises(SystemExit, match="no version with the alias known-good: name one with promote"):
        model_aliases.main([URL, "rollback", MODEL])


@pytest.mark.parametrize("arguments", [[], [URL], [URL, "promote", MODEL], [URL, "delete", MODEL]])
def test_other_arguments_show_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert model_aliases.main(arguments) == 2
    assert "model_aliases.py URL rollback MODEL" in capsys.readouterr().err


def test_a_registry_that_does_not_answer_is_named() -> None:
    with pytest.raises(SystemExit, match=r"http://127\.0\.0\.1:9 doesn't answer"):
        model_aliases.main(["http://127.0.0.1:9", "show", MODEL])
