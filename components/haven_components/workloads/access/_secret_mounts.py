"""Secrets that pods mount, read from the own Region."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi_kubernetes as kubernetes

from haven_components.workloads.access._access_args import MountedSecretArgs
from haven_components.workloads.access._namespace import InNamespace


def secret_mounts(place: InNamespace, mounts: Sequence[MountedSecretArgs], region: str) -> None:
    """A SecretProviderClass for each secret.

    The Region is the cluster's own, which has the secret or its replica. There is no `failoverRegion`: with one, the
    driver asks both Regions, and an error of either one stops the mount (Secrets Manager User Guide, AWS Secrets and
    Configuration Provider; read 2026-11-26).
    """
    for each in mounts:
        spec: dict[str, Any] = {
            "provider": "aws",
            # The rights are those of the pod's own service account.
            "parameters": {"region": region, "usePodIdentity": "true", "objects": _objects(each)},
        }
        if "environment_secret" in each:
            spec["secretObjects"] = [
                {
                    "secretName": each["environment_secret"],
                    "type": "Opaque",
                    "data": [{"objectName": file, "key": file} for file in each.get("keys", {}).values()],
                }
            ]
        kubernetes.apiextensions.CustomResource(
            place.logical(f"secret-{each['name']}"),
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata=place.metadata(each["name"]),
            spec=spec,
            opts=place.options,
        )


def _objects(mount: MountedSecretArgs) -> str:
    """The parameter is YAML in a text, of which JSON is a part."""
    secret: dict[str, Any] = {"objectName": mount["secret"], "objectType": "secretsmanager"}
    if keys := mount.get("keys", {}):
        # The whole secret is a file too; an alias keeps slashes of its name out of the path.
        secret["jmesPath"] = [{"path": f'"{key}"', "objectAlias": file} for key, file in keys.items()]
    return json.dumps([secret], sort_keys=True)
