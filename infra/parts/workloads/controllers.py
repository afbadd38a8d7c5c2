"""Controllers of a Region's cluster: what registers pods in load balancers, what scales by queues."""

from haven_components import ClusterControllers, ClusterControllersArgs, KedaArgs, Observability
from infra.config.rules.systems import queued
from infra.config.system_models import Keda
from infra.environment import Environment
from infra.parts.workloads import platform


def declare(environment: Environment, region: str, watched: Observability) -> ClusterControllers | None:
    """Declare the controllers that the stack asks for; None for none."""
    settings, chosen = environment.settings, environment.settings.controllers
    namespaces = queued(settings.systems)
    if chosen.load_balancer is None and chosen.keda is None and (chosen.kueue is None or not namespaces):
        return None
    args: ClusterControllersArgs = {
        "region": region,
        "account_id": settings.account,
        "cluster_name": environment.cluster_name(region),
        "zones": list(settings.zones[region]),
    }
    if chosen.load_balancer is not None:
        args["load_balancer"] = {
            "chart": platform.chart(environment, region, chosen.load_balancer.chart),
            "image": platform.image(environment, region, chosen.load_balancer.image),
            "vpc_id": environment.networks[region].vpc_id,
        }
    if chosen.keda is not None:
        args["keda"] = _keda(environment, region, chosen.keda, watched)
    if chosen.kueue is not None and namespaces:
        args["kueue"] = {
            "chart": platform.chart(environment, region, chosen.kueue.chart),
            "image": platform.image(environment, region, chosen.kueue.image),
            "job_namespaces": namespaces,
        }
    name = f"{environment.cluster_name(region)}-controllers"
    return ClusterControllers(name, args, platform.options(environment, region))


def _keda(environment: Environment, region: str, chosen: Keda, watched: Observability) -> KedaArgs:
    args: KedaArgs = {
        "chart": platform.chart(environment, region, chosen.chart),
        "operator_image": platform.image(environment, region, chosen.operator_image),
        "metrics_image": platform.image(environment, region, chosen.metrics_image),
        "webhooks_image": platform.image(environment, region, chosen.webhooks_image),
    }
    workspace = platform.prometheus(environment, region, watched)
    if workspace is not None:
        args["workspace_arn"] = workspace.arn
    return args
