"""Arguments of a `ClusterControllers`."""

from typing import NotRequired, TypedDict

import pulumi


class ControllerChartArgs(TypedDict):
    location: str
    """Where the chart is: `oci://` and a repository of the account's registry in the own Region, or the path of a
    packaged chart (`.tgz`). Every preview loads it, so it is never on a public host."""
    version: str
    """The chart's version in full, such as `3.5.0`."""
    digest: str
    """`sha256:` and 64 hexadecimal digits: what `helm push` printed, or the SHA-256 of the package. Another chart under
    this version is refused."""


class BalancerControllerArgs(TypedDict):
    chart: ControllerChartArgs
    """Its chart, version 3.5.0 or newer."""
    image: str
    """Its image by digest, from the own Region's registry."""
    vpc_id: pulumi.Input[str]
    """Id of the cluster's VPC: pods don't reach the instance metadata, where the controller would look for it."""


class KedaArgs(TypedDict):
    chart: ControllerChartArgs
    """Its chart, of KEDA 2.21 or newer."""
    operator_image: str
    """Image of the operator by digest, from the own Region's registry."""
    metrics_image: str
    """Image of the metrics API server by digest, from the own Region's registry."""
    webhooks_image: str
    """Image of the admission webhooks by digest, from the own Region's registry."""
    namespace: NotRequired[str]
    """Namespace that the component creates for it. Omitted: `keda`."""
    workspace_arn: NotRequired[pulumi.Input[str]]
    """ARN of the own Region's workspace of Amazon Managed Service for Prometheus, which its operator queries. Omitted:
    it queries none."""


class KueueArgs(TypedDict):
    chart: ControllerChartArgs
    """Its chart, of Kueue 0.17 or newer."""
    image: str
    """Its image by digest, from the own Region's registry."""
    job_namespaces: list[str]
    """Namespaces whose Jobs it admits, one at least. While it is away no Job can be created there, and everywhere else
    nothing changes."""
    namespace: NotRequired[str]
    """Namespace that the component creates for it. Omitted: `kueue-system`."""


class ClusterControllersArgs(TypedDict):
    region: str
    """The cluster's Region, and that of the component's AWS provider."""
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    cluster_name: str
    """Name of the EKS cluster, from which names of roles are made."""
    zones: list[str]
    """Zones of the system nodes, on which the controllers run."""
    load_balancer: NotRequired[BalancerControllerArgs]
    """The AWS Load Balancer Controller, which registers pods in target groups that exist. Its pod identity is that of
    `target_groups` of an `InferenceCluster`. Omitted: not installed."""
    keda: NotRequired[KedaArgs]
    """KEDA, which scales on metrics of Prometheus. Omitted: not installed."""
    kueue: NotRequired[KueueArgs]
    """Kueue, which admits the Jobs of `TrainingJobs` within a quota. Omitted: not installed."""
