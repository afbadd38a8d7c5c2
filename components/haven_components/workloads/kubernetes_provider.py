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

    While the cluster doesn't answer, a preview shows what the state has, with a warning, and objects that don't change
    are left alone: `pulumi up` still works for the other Region. To create, update or delete an object the cluster has
    to answer.

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
