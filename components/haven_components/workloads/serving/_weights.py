"""A version's weights as a read-only volume, by Mountpoint for Amazon S3."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import WEIGHTS_CLAIM_GIB
from haven_components.workloads import _pods
from haven_components.workloads.serving._args import ModelServingArgs
from haven_components.workloads.serving._metadata import metadata, object_labels
from haven_components.workloads.serving._names import volume_name

DRIVER = "s3.csi.aws.com"
SIZE = f"{WEIGHTS_CLAIM_GIB}Gi"


def weights_volume(
    parent: pulumi.Resource, name: str, args: ModelServingArgs, version: str
) -> tuple[pulumi.Resource, pulumi.Resource]:
    """A volume and its claim, named after the version: neither can be edited. So their size isn't that of the weights,
    which the driver ignores (its examples of static provisioning; read 2026-11-26).

    The bucket is read with the pod's own identity (`authenticationSource: pod`: Mountpoint for Amazon S3 CSI driver,
    configuration; read 2026-11-26).
    """
    declared, namespace = args["model"]["versions"][version], args["namespace"]
    volume = volume_name(namespace, name, version)
    size = {"storage": SIZE}
    common: dict[str, Any] = {"access_modes": ["ReadOnlyMany"], "storage_class_name": ""}
    prefix = declared["prefix"].strip("/")
    spec: Any = {
        **common,
        "capacity": size,
        "persistent_volume_reclaim_policy": "Retain",
        "claim_ref": {"namespace": namespace, "name": volume},
        "mount_options": ["read-only", f"prefix {prefix}/", f"region {args['region']}"],
        "csi": {
            "driver": DRIVER,
            "volume_handle": volume,
            "volume_attributes": {
                "bucketName": args["model"]["bucket"],
                "authenticationSource": "pod",
            },
        },
    }
    made = kubernetes.core.v1.PersistentVolume(
        volume,
        metadata={"name": volume, "labels": object_labels(name, args, "weights")},
        spec=spec,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    claim_spec: Any = {**common, "resources": {"requests": size}, "volume_name": volume}
    claim = kubernetes.core.v1.PersistentVolumeClaim(
        f"{volume}-claim",
        metadata=metadata(name, args, "weights", volume) | {"annotations": _pods.SKIP_AWAIT},
        spec=claim_spec,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[made]),
    )
    return made, claim
