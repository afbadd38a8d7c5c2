"""The API server of the control plane."""

import pytest

from tests.kubernetes.api import Api
from tests.kubernetes.control_plane import ControlPlane


@pytest.fixture
def api(control_plane: ControlPlane) -> Api:
    """Its API server."""
    return control_plane.api
