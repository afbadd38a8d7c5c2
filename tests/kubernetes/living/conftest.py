"""What EKS adds to a control plane."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.living.identity_webhook import IdentityWebhook


@pytest.fixture
def identities(control_plane: ControlPlane) -> Iterator[IdentityWebhook]:
    """EKS's webhook for credentials of pods."""
    with IdentityWebhook(control_plane) as webhook:
        yield webhook
