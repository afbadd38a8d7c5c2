"""Kueue itself beside the control plane, with the configuration that `ClusterControllers` gives it."""

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from haven.base.missing_dependency import MissingDependency
from haven_components.workloads.controllers._values import _kueue_config
from haven_components.workloads.controllers.cluster_controllers import KUEUE_NAMESPACE
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.control_plane import ControlPlane, installable
from tests.kubernetes.controllers.programs import is_ready, program
from tests.kubernetes.loopback.running import Programs, running
from tests.ports import free_ports

SERVICE, SECRET = "kueue-webhook-service", "kueue-webhook-server-cert"
CONVERTED = ("clusterqueues", "cohorts", "localqueues", "multikueueclusters", "workloads")
"""Kinds whose versions Kueue converts; it writes its certificate into their definitions."""
WEBHOOKS = ("clusterqueue", "cohort", "job", "resourceflavor", "workload")
"""What remains of its webhooks with one framework, `batch/job`."""
_READY_WITHIN = 90.0
_ADMISSION = "admissionregistration.k8s.io/v1"
_DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


class Kueue(Programs):
    """Runs while the block does."""

    def __init__(self, control_plane: ControlPlane, folder: Path, job_namespaces: Sequence[str]) -> None:
        """
        Args:
            control_plane: where it admits Jobs.
            folder: where it keeps its certificate and its log.
            job_namespaces: whose Jobs.

        Raises:
            MissingDependency: it isn't built.
        """
        super().__init__()
        self._control_plane = control_plane
        self._folder = folder
        self._config = _kueue_config(job_namespaces)
        self._program, self._manifests = program("kueue"), program("kueue-webhooks.yaml")
        definitions = installable()
        self._definitions = [each for each in definitions.values() if each["spec"]["group"] == "kueue.x-k8s.io"]
        if not self._definitions:
            raise MissingDependency("no definitions of Kueue: make kubernetes writes them (needs Go)")

    def log(self) -> str:
        """The end of its log."""
        log = self._folder / "kueue.log"
        return log.read_text()[-4000:] if log.exists() else ""

    def _start(self) -> None:
        api = self._control_plane.api
        webhook, health = free_ports(2)
        core = {"namespace": KUEUE_NAMESPACE}
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": KUEUE_NAMESPACE}}, force=True)
        spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": webhook}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE, **core}, "spec": spec}
        api.apply(service, force=True)
        api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET, **core}})
        client = {"service": {"name": SERVICE, "port": webhook, **core}}
        for each in self._definitions:
            self._control_plane.install(_converted(each, client))
        self._running.callback(self._forget)
        for each in self._webhooks(client):
            api.apply(each, force=True)
        config = self._config | {
            "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
            "metrics": {"bindAddress": "0"},
            # In a cluster it knows its own.
            "leaderElection": {**self._config["leaderElection"], "resourceNamespace": KUEUE_NAMESPACE},
            "webhook": {"host": "127.0.0.1", "port": webhook, "certDir": str(self._folder / "certs")},
        }
        (self._folder / "config.yaml").write_text(json.dumps(config))
        self._running.enter_context(_Mount(api, self._folder / "certs"))
        command = [str(self._program), f"--config={self._folder / 'config.yaml'}"]
        # It would listen on every interface.
        command += ["--feature-gates=VisibilityOnDemand=false"]
        environment = {"KUBECONFIG": str(self._control_plane.folder / "kubeconfig"), "POD_NAMESPACE": KUEUE_NAMESPACE}
        log = self._folder / "kueue.log"
        self._running.enter_context(running(command, self._folder, log, environment))
        until(lambda: is_ready(health), _READY_WITHIN, self.log)

    def _webhooks(self, client: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Its own manifests, as its chart narrows them: a Job of another namespace is none of its business."""
        found = []
        for each in yaml.safe_load_all(self._manifests.read_text()):
            hooks = []
            for hook in each["webhooks"]:
                what = hook["name"].removesuffix(".kb.io")[1:]
                if what not in WEBHOOKS:
                    continue
                path = hook["clientConfig"]["service"]["path"]
                hook["clientConfig"] = {"service": {**client["service"], "path": path}}
                if what == "job":
                    hook["namespaceSelector"] = self._config["managedJobsNamespaceSelector"]
                hooks.append(hook)
            metadata = {"name": f"kueue-{each['metadata']['name']}"}
            found.append({"apiVersion": _ADMISSION, "kind": each["kind"], "metadata": metadata, "webhooks": hooks})
        return found

    def _forget(self) -> None:
        """The API server asks it nothing more, so that other tests don't miss it."""
        api = self._control_plane.api
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            for each in api.all(_ADMISSION, kind):
                if each["metadata"]["name"].startswith("kueue-"):
                    api.delete(_ADMISSION, kind, each["metadata"]["name"])
        for each in self._definitions:
            found = api.get(*_DEFINITION, each["metadata"]["name"])
            if found["spec"]["conversion"]["strategy"] != "None":
                api.change(found, {"spec": {"conversion": {"strategy": "None", "webhook": None}}})


def _converted(definition: Mapping[str, Any], client: Mapping[str, Any]) -> Mapping[str, Any]:
    if definition["spec"]["names"]["plural"] not in CONVERTED:
        return definition
    service = {"service": {**client["service"], "path": "/convert"}}
    webhook = {"clientConfig": service, "conversionReviewVersions": ["v1"]}
    return {**definition, "spec": {**definition["spec"], "conversion": {"strategy": "Webhook", "webhook": webhook}}}


class _Mount:
    """What the kubelet does for Kueue's pod: its Secret, as files."""

    def __init__(self, api: Api, folder: Path) -> None:
        self._api, self._folder = api, folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def __enter__(self) -> "_Mount":
        self._folder.mkdir()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _copy(self) -> None:
        while not self._over.wait(0.5):
            with suppress(ApiError, OSError):
                found = self._api.get("v1", "Secret", SECRET, KUEUE_NAMESPACE)
                for name, content in found.get("data", {}).items():
                    file, data = self._folder / name, base64.b64decode(content)
                    if not file.exists() or file.read_bytes() != data:
                        file.write_bytes(data)
