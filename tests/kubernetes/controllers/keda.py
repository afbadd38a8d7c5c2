"""KEDA itself beside the control plane: its operator, and the metrics server that the API server passes requests to."""

import subprocess
from pathlib import Path

from haven.base.missing_dependency import MissingDependency
from tests.kubernetes.api import until
from tests.kubernetes.control_plane import ControlPlane, installable
from tests.kubernetes.controllers.programs import is_ready, program
from tests.kubernetes.loopback.running import Programs, running
from tests.kubernetes.metrics import GROUP, ExternalMetrics
from tests.ports import free_ports

DEFINITIONS = (
    "scaledobjects.keda.sh",
    "scaledjobs.keda.sh",
    "triggerauthentications.keda.sh",
    "clustertriggerauthentications.keda.sh",
    "cloudeventsources.eventing.keda.sh",
    "clustercloudeventsources.eventing.keda.sh",
)
NAMESPACE = "keda"
_READY_WITHIN = 60.0


class Keda(Programs):
    """Runs while the block does."""

    def __init__(self, control_plane: ControlPlane, folder: Path) -> None:
        """
        Args:
            control_plane: where it scales.
            folder: where it keeps its certificate and its logs.

        Raises:
            MissingDependency: it isn't built.
        """
        super().__init__()
        self._control_plane = control_plane
        self._folder = folder
        self._commands = {name: str(program(name)) for name in ("keda-operator", "keda-metrics")}

    def log(self) -> str:
        """The ends of its logs."""
        return "\n".join(f"{each.name}: {each.read_text()[-3000:]}" for each in sorted(self._folder.glob("*.log")))

    def _start(self) -> None:
        definitions = installable()
        if missing := [each for each in DEFINITIONS if each not in definitions]:
            raise MissingDependency(f"no {', '.join(missing)}: make kubernetes writes them (needs Go)")
        for each in DEFINITIONS:
            self._control_plane.install(definitions[each])
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self._control_plane.api.apply(namespace, force=True)
        self._certificate()
        operator, health, served = free_ports(3)
        self._run(
            "keda-operator",
            "--metrics-bind-address=0",
            f"--health-probe-bind-address=127.0.0.1:{health}",
            f"--metrics-service-bind-address=127.0.0.1:{operator}",
            f"--cert-dir={self._folder}",
        )
        self._run(
            "keda-metrics",
            "--bind-address=127.0.0.1",
            f"--secure-port={served}",
            f"--metrics-service-address=127.0.0.1:{operator}",
            f"--cert-dir={self._folder}",
            f"--tls-cert-file={self._folder / 'tls.crt'}",
            f"--tls-private-key-file={self._folder / 'tls.key'}",
            *(f"--{each}-kubeconfig={self._kubeconfig}" for each in ("lister", "authentication", "authorization")),
            "--authentication-skip-lookup",
            "--authorization-always-allow-paths=/apis,/apis/*,/openapi/*",
        )
        self._let_the_api_server_ask()
        until(lambda: is_ready(health), _READY_WITHIN, self.log)
        external = ExternalMetrics(self._control_plane.api, served, NAMESPACE)
        self._running.enter_context(external)

    def _let_the_api_server_ask(self) -> None:
        """Whoever has no certificate may read metrics: the API server shows none here."""
        api, group = self._control_plane.api, "rbac.authorization.k8s.io"
        metadata = {"name": "anonymous-metrics"}
        head = {"apiVersion": f"{group}/v1", "metadata": metadata}
        rule = {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["get", "list"]}
        subject = {"apiGroup": group, "kind": "User", "name": "system:anonymous"}
        reference = {"apiGroup": group, "kind": "ClusterRole", **metadata}
        api.apply({**head, "kind": "ClusterRole", "rules": [rule]}, force=True)
        api.apply({**head, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference}, force=True)

    @property
    def _kubeconfig(self) -> Path:
        return self._control_plane.folder / "kubeconfig"

    def _certificate(self) -> None:
        """One for both ends of what the metrics server asks the operator."""
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=keda"),
                *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "tls.key", "-out", "tls.crt"),
            ],
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        (self._folder / "ca.crt").write_bytes((self._folder / "tls.crt").read_bytes())

    def _run(self, name: str, *arguments: str) -> None:
        environment = {
            "KUBECONFIG": str(self._kubeconfig),
            "POD_NAMESPACE": NAMESPACE,
            "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
            "WATCH_NAMESPACE": "",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self._folder),
        }
        log = self._folder / f"{name}.log"
        self._running.enter_context(running([self._commands[name], *arguments], self._folder, log, environment))
