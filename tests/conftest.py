"""What tests of several rooms share."""

import pytest

from haven.local import terraform
from haven.local.deployment import Unavailable
from haven.local.schema import ProviderSchema


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> terraform.Terraform:
    """Terraform with the AWS provider, initialised once; without them a test is skipped and says what is missing."""
    try:
        return terraform.find(tmp_path_factory.mktemp("terraform"))
    except Unavailable as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def provider_schema(provider: terraform.Terraform) -> ProviderSchema:
    """What the AWS provider takes."""
    return provider.schema()
