"""Controllers of other projects that a cluster needs, from charts in the own Region."""

import re
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import BALANCER_CONTROLLER
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._identity import pod_identity
from haven_components.workloads._pods import require_image
from haven_components.workloads.access._access_checks import require_label
from haven_components.workloads.controllers._charts import VERSION, chart_reference, check_chart
from haven_components.workloads.controllers._controller_args import (
    ClusterControllersArgs,
    ControllerChartArgs,
    KedaArgs,
    KueueArgs,
)
from haven_components.workloads.controllers._values import (
    KEDA_SERVICE_ACCOUNT,
    KUEUE,
    balancer_values,
    keda_values,
    kueue_values,
    query_statements,
)

KEDA_NAMESPACE, KUEUE_NAMESPACE = "keda", "kueue-system"
MOST_CLUSTER_NAME_CHARACTERS = 58
"""Roles are named after the cluster, with a suffix of at most six characters."""
TIMEOUT_SECONDS = 300


class ClusterControllers(pulumi.ComponentResource):
    """The AWS Load Balancer Controller and, by choice, KEDA and Kueue, as Helm releases at pinned versions and digests.

    Chart and images come from the own Region: pulumi-kubernetes loads the chart of a Release in every preview, and a
    preview mustn't depend on a public host, nor on the other Region. While a cluster doesn't answer, its provider
    returns what the state has before any chart is loaded (`skip_update_unreachable`; provider.go of pulumi-kubernetes,
    read 2026-11-26).

    Declare the component alike on both sides and whichever is active: a Release that is removed while its cluster
    doesn't answer fails the deployment. Helm changes none of a chart's CustomResourceDefinitions when it upgrades:
    apply those of a new version before.
    """

    load_balancer_release: pulumi.Output[str]
    """Name of the controller's release, once it runs: TargetGroupBindings come after it. Empty without it."""
    keda_release: pulumi.Output[str]
    """Name of KEDA's release, once it runs: ScaledObjects come after it. Empty without it."""
    kueue_release: pulumi.Output[str]
    """Name of Kueue's release, once it runs: queues come after it. Empty without it."""

    def __init__(self, name: str, args: ClusterControllersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ClusterControllers", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        nothing = pulumi.Output.from_input("")
        self.load_balancer_release = self._load_balancer() if "load_balancer" in args else nothing
        self.keda_release = self._keda(args["keda"]) if "keda" in args else nothing
        self.kueue_release = self._kueue(args["kueue"]) if "kueue" in args else nothing
        self.register_outputs({output: getattr(self, output) for output in type(self).__annotations__})

    def _load_balancer(self) -> pulumi.Output[str]:
        controller = self._args["load_balancer"]
        namespace, release = BALANCER_CONTROLLER
        values = balancer_values(controller, self._args["cluster_name"], self._args["region"], self._args["zones"])
        return self._release(release, namespace, controller["chart"], values, [])

    def _keda(self, keda: KedaArgs) -> pulumi.Output[str]:
        namespace = keda.get("namespace", KEDA_NAMESPACE)
        made = [self._namespace("keda", namespace)]
        if "workspace_arn" in keda:
            made += pod_identity(
                self,
                f"{self._args['cluster_name']}-keda",
                namespace=namespace,
                service_account=KEDA_SERVICE_ACCOUNT,
                cluster_name=self._args["cluster_name"],
                region=self._args["region"],
                account_id=self._args["account_id"],
                statements=query_statements(keda["workspace_arn"]),
            ).ready
        values = keda_values(keda, self._args["cluster_name"], self._args["zones"])
        return self._release("keda", namespace, keda["chart"], values, made)

    def _kueue(self, kueue: KueueArgs) -> pulumi.Output[str]:
        namespace = kueue.get("namespace", KUEUE_NAMESPACE)
        values = kueue_values(kueue, self._args["zones"])
        return self._release(KUEUE, namespace, kueue["chart"], values, [self._namespace(KUEUE, namespace)])

    def _namespace(self, suffix: str, name: str) -> pulumi.Resource:
        namespace: pulumi.Resource = kubernetes.core.v1.Namespace(
            f"{self._name}-{suffix}",
            metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return namespace

    def _release(
        self, release: str, namespace: str, chart: ControllerChartArgs, values: Any, after: list[pulumi.Resource]
    ) -> pulumi.Output[str]:
        """Declare a release; returns its name, once it runs."""
        made = kubernetes.helm.v3.Release(
            f"{self._name}-{release}",
            name=release,
            namespace=namespace,
            create_namespace=False,
            chart=chart_reference(chart),
            version=chart["version"],
            values=values,
            # An upgrade that fails goes back to what ran.
            atomic=True,
            timeout=TIMEOUT_SECONDS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
        running: pulumi.Output[str] = made.name
        return running


def _validate(name: str, args: ClusterControllersArgs) -> None:
    checks = Checks("ClusterControllers", name, ClusterControllersArgs, args)
    checks.run(
        lambda: checks.require(
            0 < len(args["cluster_name"]) <= MOST_CLUSTER_NAME_CHARACTERS,
            "cluster_name",
            got=args["cluster_name"],
            allowed=f"1 to {MOST_CLUSTER_NAME_CHARACTERS} characters",
            fix="a role's name is made from it, and has at most 64",
        ),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: checks.require(
            len(args["zones"]) > 0,
            "zones",
            got=args["zones"],
            allowed="one or more",
            fix="name the zones of the system nodes",
        ),
        lambda: _check_chosen(checks, args),
        lambda: _check_load_balancer(checks, args),
        lambda: _check_keda(checks, args),
        lambda: _check_kueue(checks, args),
    )


def _check_chosen(checks: Checks, args: ClusterControllersArgs) -> None:
    checks.require(
        any(each in args for each in ("load_balancer", "keda", "kueue")),
        "load_balancer",
        got="none of load_balancer, keda and kueue",
        allowed="one of them at least",
        fix="leave the component out where the cluster needs no controller",
    )


def _check_load_balancer(checks: Checks, args: ClusterControllersArgs) -> None:
    if "load_balancer" not in args:
        return
    controller = args["load_balancer"]
    path = "load_balancer"
    require_image(checks, controller["image"], f"{path}.image")
    check_chart(checks, f"{path}.chart", controller["chart"], account_id=args["account_id"], region=args["region"])
    _require_newer(checks, f"{path}.chart.version", controller["chart"]["version"], (3, 5))


def _check_keda(checks: Checks, args: ClusterControllersArgs) -> None:
    if "keda" not in args:
        return
    keda = args["keda"]
    for key in ("operator_image", "metrics_image", "webhooks_image"):
        image: Any = keda[key]
        require_image(checks, image, f"keda.{key}")
    require_label(checks, "keda.namespace", keda.get("namespace", KEDA_NAMESPACE))
    check_chart(checks, "keda.chart", keda["chart"], account_id=args["account_id"], region=args["region"])
    _require_newer(checks, "keda.chart.version", keda["chart"]["version"], (2, 21))


def _check_kueue(checks: Checks, args: ClusterControllersArgs) -> None:
    if "kueue" not in args:
        return
    kueue = args["kueue"]
    require_image(checks, kueue["image"], "kueue.image")
    require_label(checks, "kueue.namespace", kueue.get("namespace", KUEUE_NAMESPACE))
    _checks.require_some(checks, "kueue.job_namespaces", kueue["job_namespaces"])
    check_chart(checks, "kueue.chart", kueue["chart"], account_id=args["account_id"], region=args["region"])
    _require_newer(checks, "kueue.chart.version", kueue["chart"]["version"], (0, 17))


def _require_newer(checks: Checks, path: str, version: str, least: tuple[int, int]) -> None:
    if re.fullmatch(VERSION, version) is None:
        return  # noted already
    checks.require(
        tuple(int(each) for each in version.split(".")) >= least,
        path,
        got=version,
        allowed=f"{least[0]}.{least[1]}.0 or newer",
        fix="copy a newer chart: the values are those of this version",
    )
