"""How Pulumi reaches a cluster: also when it doesn't answer."""

import pulumi
import pulumi_kubernetes as kubernetes

CLIENT_TIMEOUT_SECONDS = 10
"""Of each call to the API. Discovery of a silent cluster hangs for 32 s with client-go's default."""


def kubernetes_provider(
    name: str,
    kubeconfig: pulumi.Input[str],
    *,
    cluster_name: pulumi.Input[str],
    opts: pulumi.ResourceOptions | None = None,
) -> kubernetes.Provider:
    """The provider of one cluster, for `ResourceOptions(providers=[...])` of everything that runs on it.

    `pulumi up` works for the other Region's cluster while this one doesn't answer, and exits with 0. Of this cluster's
    own objects it then takes what the state has for what the program declares, with a warning on each:

    - a changed object is skipped: neither a preview nor `up` shows the change, the state keeps the old inputs, and the
      next `up` that reaches the cluster makes it;
    - to create or to delete an object fails `up`, which then begins nothing else; a preview shows it as if it worked;
    - a refresh keeps what the state has.

    So a successful `up` doesn't show that the cluster has what is declared. Whoever relies on that looks for the
    warning "Cluster is unreachable", or previews once more when the cluster answers (pulumi-kubernetes 4.25, tried in
    `tests/engine/test_clusters.py`; 4.32, read; 2026-11-26).

    Args:
        name: the provider's logical name.
        kubeconfig: how to reach the cluster, as JSON or YAML: `kubeconfig` of an `InferenceCluster`.
        cluster_name: what identifies the cluster. Another kubeconfig for the same cluster then replaces nothing.
        opts: the provider's own options, such as its parent.
    """
    return kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        cluster_identifier=cluster_name,
        enable_server_side_apply=True,
        skip_update_unreachable=True,
        kube_client_settings=kubernetes.KubeClientSettingsArgs(timeout=CLIENT_TIMEOUT_SECONDS),
        opts=opts,
    )
