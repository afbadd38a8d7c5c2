"""What tests of several rooms share."""

import pytest

from haven.base.missing_dependency import MissingDependency
from haven.terraform import cli
from haven.terraform.schema import ProviderSchema


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> cli.Terraform:
    """Terraform with the AWS provider, initialised once; without them a test is skipped and says what is missing."""
    try:
        return cli.find(tmp_path_factory.mktemp("terraform"))
    except MissingDependency as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def provider_schema(provider: cli.Terraform) -> ProviderSchema:
    """What the AWS provider takes."""
    return provider.schema()
