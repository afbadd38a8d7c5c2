"""A control plane for the tests that need a real one."""

from collections.abc import Iterator

import pytest

from haven.base.missing_dependency import MissingDependency
from tests.kubernetes.api import Api
from tests.kubernetes.control_plane import ControlPlane, programs


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One for all tests of a worker; without its programs a test is skipped and says what builds them."""
    try:
        programs()
    except MissingDependency as missing:
        pytest.skip(str(missing))
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture
def api(control_plane: ControlPlane) -> Api:
    """Its API server."""
    return control_plane.api
