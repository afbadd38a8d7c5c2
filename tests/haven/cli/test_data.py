"""`haven data refresh` as a person runs it, without credentials."""

from pathlib import Path

import pytest

from haven.base import exits
from haven.cli.main import main
from tests.environments import ROOT


@pytest.fixture(autouse=True)
def without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_credentials_it_says_what_is_needed_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "refresh", "-C", str(ROOT)]) == exits.MISSING_DEPENDENCY
    assert "ec2:DescribeInstanceTypes" in capsys.readouterr().err
    assert not (ROOT / "data").exists()


def test_prices_without_credentials_say_what_is_needed_and_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "refresh", "--prices", "--region", "eu-west-1", "-C", str(ROOT)]
    assert main(words) == exits.MISSING_DEPENDENCY
    assert "pricing:GetProducts" in capsys.readouterr().err
    assert not (ROOT / "data").exists()


def test_regions_that_are_none_are_refused_all_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "refresh", "--region", "Europe", "--region", "eu-west", "-C", str(ROOT)]) == exits.BAD_INPUT
    error = capsys.readouterr().err
    assert 'got "Europe"' in error
    assert 'got "eu-west"' in error
