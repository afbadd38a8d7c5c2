"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, and kwok's fake nodes."""

import fcntl
import json
import lzma
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from haven.base.missing_dependency import MissingDependency
from tests.environments import ROOT
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.definitions import definitions
from tests.kubernetes.loopback.running import Programs, running
from tests.ports import free_ports

CHOSEN = "HAVEN_KUBERNETES"
"""Environment variable: a folder with `bin/` (the programs, or each as .xz) and `crds/`, in place of what `make
kubernetes` builds."""
BUILT = ROOT / ".haven" / "kubernetes"
OWN = Path(__file__).parent
PROGRAMS = ("etcd", "kube", "kwok")
GONE_AFTER = 12
"""Seconds after which a silent node is NotReady; 40 on EKS."""
_READY_WITHIN = 120.0
_ADMIN = "admin"


def programs() -> Mapping[str, Path]:
    """The programs by name; packed ones are unpacked once.

    Raises:
        MissingDependency: there are none.
    """
    place = Path(os.environ.get(CHOSEN) or BUILT) / "bin"
    if shutil.which("openssl") is None:
        raise MissingDependency("no openssl on PATH: it makes the control plane's key")
    found = {name: _unpacked(place, name) for name in PROGRAMS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise MissingDependency(f"no {', '.join(missing)} in {place}: make kubernetes builds them (needs Go)")
    return {name: path for name, path in found.items() if path}


def _unpacked(place: Path, name: str) -> Path | None:
    if (place / name).is_file():
        return place / name
    packed = place / f"{name}.xz"
    if not packed.is_file():
        return None
    made = BUILT / "unpacked" / str(packed.stat().st_size) / name  # kube goes by its own name
    made.parent.mkdir(parents=True, exist_ok=True)
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            partly = made.with_suffix(".part")
            with lzma.open(packed) as source, partly.open("wb") as target:
                shutil.copyfileobj(source, target)
            partly.chmod(0o755)
            partly.rename(made)
    return made


class ControlPlane(Programs):
    """One cluster without any machine. Ports are new in every run: a killed API server's stays taken for a while."""

    def __init__(self, folder: Path, *api_server: str) -> None:
        """
        Args:
            folder: where it keeps everything.
            api_server: further arguments of the API server.
        """
        super().__init__()
        self._api_server = api_server
        self._programs = programs()
        self._folder = folder
        self._ports = free_ports(4)
        self.url = f"https://127.0.0.1:{self._ports[0]}"
        token = secrets.token_hex(16)
        self._token = token
        self.api = Api(self.url, token)

    @property
    def folder(self) -> Path:
        """Where it keeps everything, `kubeconfig` among it."""
        return self._folder

    @property
    def certificate(self) -> tuple[Path, Path]:
        """Certificate and key that the API server has made for loopback; a test's own server may use them."""
        return self._folder / "certs" / "apiserver.crt", self._folder / "certs" / "apiserver.key"

    def install(self, definition: Mapping[str, Any]) -> None:
        """Let the API server know a custom resource."""
        name = definition["metadata"]["name"]
        self.api.apply(definition, manager="installer", force=True)

        def served() -> bool:
            found = self.api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
            states = {each["type"]: each["status"] for each in found.get("status", {}).get("conditions") or ()}
            return states.get("Established") == "True"

        until(served, 30, lambda: name)

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "tokens.csv").write_text(f'{self._token},{_ADMIN},1,"system:masters"\n')
        (self._folder / "kubeconfig").write_text(self.kubeconfig)
        key = ["openssl", "genrsa", "-out", "sa.key", "2048"]
        subprocess.run(key, cwd=self._folder, check=True, capture_output=True)
        clients, peers = (f"http://127.0.0.1:{port}" for port in self._ports[1:3])
        self._run(
            "etcd",
            *("etcd", "--data-dir=etcd-data", "--unsafe-no-fsync", f"--listen-client-urls={clients}"),
            *(f"--advertise-client-urls={clients}", f"--listen-peer-urls={peers}"),
        )
        self._run(
            "kube-apiserver",
            *("kube", "kube-apiserver", f"--etcd-servers={clients}", "--cert-dir=certs", "--bind-address=127.0.0.1"),
            *(f"--secure-port={self._ports[0]}", "--token-auth-file=tokens.csv", "--authorization-mode=RBAC"),
            *("--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key"),
            *("--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16"),
            *self._api_server,
        )
        until(self._is_ready, _READY_WITHIN, self._logs)
        self._run(
            "kube-controller-manager",
            *("kube", "kube-controller-manager", "--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0"),
            *("--controllers=*", "--service-account-private-key-file=sa.key", "--node-monitor-period=1s"),
            *(f"--node-monitor-grace-period={GONE_AFTER}s", "--horizontal-pod-autoscaler-sync-period=5s"),
            *("--node-eviction-rate=10", "--secondary-node-eviction-rate=10"),
        )
        self._run(
            "kube-scheduler",
            *("kube", "kube-scheduler", "--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0"),
        )
        self._run(
            "kwok",
            *("kwok", "--kubeconfig=kubeconfig", f"--config={OWN / 'stages.yaml'}"),
            *("--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",),
            f"--server-address=127.0.0.1:{self._ports[3]}",
        )
        until(self._has_accounts, _READY_WITHIN, self._logs)

    def _run(self, log: str, program: str, *arguments: str) -> None:
        command = [str(self._programs[program]), *arguments]
        self._running.enter_context(running(command, self._folder, self._folder / f"{log}.log"))

    def _is_ready(self) -> bool:
        with suppress(OSError, ApiError):
            return bool(self.api.ask("GET", "/readyz") == "ok")
        return False

    def _has_accounts(self) -> bool:
        with suppress(ApiError):
            return bool(self.api.get("v1", "ServiceAccount", "default", "default"))
        return False

    def _logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"{log.name}: {log.read_text()[-800:]}" for log in sorted(self._folder.glob("*.log")))

    @property
    def kubeconfig(self) -> str:
        """How its administrator reaches it, as JSON."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": _ADMIN, "user": {"token": self._token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": _ADMIN}}],
            "current-context": "it",
        }
        return json.dumps(content)


def installable() -> Mapping[str, Mapping[str, Any]]:
    """The CustomResourceDefinitions that are on this machine, by name."""
    chosen = os.environ.get(CHOSEN)
    return definitions(BUILT / "crds", *([Path(chosen) / "crds"] if chosen else []))
