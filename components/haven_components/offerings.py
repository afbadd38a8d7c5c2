"""Where AWS offers the services that an environment may do without, each with its source and the day it was read."""

from typing import NamedTuple

from haven_components.names import partition


class Offering(NamedTuple):
    """A service and the Regions that have it."""

    service: str
    source: str
    regions: frozenset[str] = frozenset()
    """Those that have it. Empty: every Region outside `lacking`."""
    lacking: frozenset[str] = frozenset()
    """The partitions and Regions that are known to lack it."""

    def covers(self, region: str) -> bool:
        """Whether a Region has the service, as far as the source says."""
        return self.lacking.isdisjoint((region, partition(region))) and (not self.regions or region in self.regions)

    @property
    def where(self) -> str:
        """The Regions in words."""
        if self.regions:
            return ", ".join(sorted(self.regions))
        return f"every Region outside {' and '.join(sorted(self.lacking))}"


PROMETHEUS = Offering(
    "Amazon Managed Service for Prometheus",
    "botocore 1.44.5, endpoints.json, aps; read 2026-11-26",
    lacking=frozenset({"aws-cn"}),
)
GRAFANA = Offering(
    "Amazon Managed Grafana",
    "botocore 1.44.5, endpoints.json, grafana; AWS General Reference, Amazon Managed Grafana endpoints;"
    " read 2026-11-26",
    regions=frozenset(
        {
            "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1",
            "eu-west-2", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-2",
        }
    ),
)  # fmt: skip
BUDGETS = Offering(
    "AWS Budgets with Cost Anomaly Detection",
    "botocore 1.44.5, endpoints.json, budgets and ce; AWS GovCloud (US) User Guide, billing and payment: what GovCloud"
    " costs is in the standard account; read 2026-11-27",
    lacking=frozenset({"aws-us-gov"}),
)
ACCESS_POINTS = Offering(
    "Multi-Region Access Points of S3",
    "botocore 1.44.5, endpoints.json, s3-control; S3 User Guide, Multi-Region Access Points and their opt-in Regions;"
    " read 2026-11-27",
    lacking=frozenset(
        {
            "aws-cn", "aws-eusc", "aws-us-gov",
            "ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1",
        }
    ),
)  # fmt: skip
REGION_SWITCH = Offering(
    "ARC Region switch",
    "AWS General Reference, Amazon Application Recovery Controller endpoints and quotas; read 2026-11-26",
    lacking=frozenset({"aws-cn", "aws-us-gov"}),
)
RESILIENCE_HUB = Offering(
    "Resilience Hub's next generation",
    "AWS Resilience Hub User Guide, supported Regions and availability; read 2026-11-26",
    regions=frozenset(
        {
            "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
            "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
            "us-west-2",
        }
    ),
)  # fmt: skip
