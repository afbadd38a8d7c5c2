"""MLflow: the register of models on the Region's own database and bucket."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from haven_components.names import REGISTRY_PORT, regional
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads import _databases, _pods
from haven_components.workloads._databases import WorkloadDatabaseArgs, require_database, schema_container
from haven_components.workloads._identity import bucket_arn, pod_identity
from haven_components.workloads._objects import (
    Container,
    Objects,
    from_namespaces,
    plain,
    probes,
    to_aws,
    to_dns,
    to_networks,
)
from haven_components.workloads._pods import (
    WorkloadScaleArgs,
    forced,
    region_environment,
    replicas,
    require_image,
    require_scale,
)
from haven_components.workloads._secrets import WorkloadSecretArgs, secret_statements
from haven_components.workloads.access._access_args import PodUsesArgs
from haven_components.workloads.access._access_checks import check_uses
from haven_components.workloads.access._aws_rights import Rights
from haven_components.workloads.workflows._args import MOST_NAME_CHARACTERS, require_kubernetes_name

PORT = REGISTRY_PORT
MEMORY, STEP_MEMORY, CPU = "2Gi", "1Gi", "500m"
"""[assumption] Requests of one pod."""
PROCESSES = 2
"""Server processes of one pod: more pods survive more than more processes."""


class RegistryBucketArgs(TypedDict):
    name: pulumi.Input[str]
    """The bucket in the own Region, a side of a `ReplicatedBucket`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in the same Region, that encrypts the bucket."""
    prefix: NotRequired[str]
    """What the keys of all artifacts begin with, the same in both Regions. Omitted: `mlflow`."""


class ModelRegistryArgs(TypedDict):
    region: str
    """The cluster's Region, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits."""
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    namespace: str
    """The Kubernetes namespace, which exists."""
    zones: list[str]
    """The zones that pods are spread over."""
    scale: WorkloadScaleArgs
    """Servers. With room to scale they follow the use of their processors."""
    image: str
    """Image of MLflow 3.17 with `psycopg2` and `boto3` by digest, in the own Region's registry."""
    database: WorkloadDatabaseArgs
    """The own Region's database, through an endpoint that takes writes."""
    bucket: RegistryBucketArgs
    """Where artifacts are."""
    network_cidrs: list[str]
    """IPv4 networks with the database, such as the VPC's."""
    secrets: NotRequired[list[WorkloadSecretArgs]]
    """What the pods mount, so that the Kubernetes secret of `database` is there. Omitted: it is there anyway."""
    administrator_secrets: NotRequired[list[WorkloadSecretArgs]]
    """What the migration's pods alone mount as well, by a service account of their own: the secret of the database's
    administrator. Omitted: it is there anyway, or not needed."""
    reader_host: NotRequired[pulumi.Input[str]]
    """Host name of the database's reader endpoint, while it can only be read: servers answer reads from there, and
    nothing migrates. Omitted: the database takes writes."""
    uses: NotRequired[PodUsesArgs]
    """What the servers use in AWS beside artifacts and secrets, such as for plugins. Omitted: nothing."""
    client_namespaces: NotRequired[list[str]]
    """Namespaces whose pods may call the registry, beside its own. Omitted: none."""
    allowed_hosts: NotRequired[list[str]]
    """Further host names by which clients call the registry, such as one in a private zone. Omitted: the Service's
    names and those of a port-forward alone."""
    service_name: NotRequired[str]
    """Name of the Service in front, such as one that both Regions share. Omitted: the component's name."""
    labels: NotRequired[dict[str, str]]
    """Labels of all pods, beside the component's own. Omitted: none."""


class ModelRegistry(pulumi.ComponentResource):
    """MLflow in one Region's cluster: servers over several zones, artifacts in the Region's own bucket.

    Clients read and write artifacts through the servers, so what is registered names no bucket, and the other Region
    serves it from its own. A Job migrates the database alone and first; servers wait for its schema.

    In a standby Region servers can answer reads from the reader: models can be loaded by version and alias, and writes
    fail. Aliases name the version that serves and the last known-good one (docs/workflows-and-models.md).
    """

    url: pulumi.Output[str]
    """URL of the registry inside the cluster, for `MLFLOW_TRACKING_URI`."""
    service_name: pulumi.Output[str]
    """Name of the Service in front of the servers, port 5000."""
    deployment_name: pulumi.Output[str]
    """The servers' Deployment as `NAMESPACE/NAME`."""

    def __init__(self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ModelRegistry", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._service = args.get("service_name", name)
        secrets = args.get("secrets", [])
        classes = [each["provider_class"] for each in secrets]
        self._objects = Objects(self, args["namespace"], args["zones"], classes, forced(args["scale"]))
        identity = pod_identity(
            self,
            regional(name, args["region"]),
            namespace=args["namespace"],
            service_account=name,
            cluster_name=args["cluster_name"],
            region=args["region"],
            account_id=args["account_id"],
            statements=[
                *_statements(args),
                *secret_statements(args["region"], args["account_id"], secrets),
                *Rights(args["region"], args["account_id"]).statements(args.get("uses", {})),
            ],
        )
        self._objects.service_account(name, self._labels("server"))
        files = self._objects.files(f"{name}-schema", self._labels("schema"), _databases.files(args["database"]))
        self._migration(files, identity.ready)
        self._servers(files, identity.ready)
        self._set_outputs()

    def _set_outputs(self) -> None:
        self.url = pulumi.Output.from_input(f"http://{self._hosts()[-1]}:{PORT}")
        self.service_name = pulumi.Output.from_input(self._service)
        self.deployment_name = pulumi.Output.from_input(f"{self._args['namespace']}/{self._name}-server")
        self.register_outputs(
            {"url": self.url, "service_name": self.service_name, "deployment_name": self.deployment_name}
        )

    def _labels(self, component: str) -> dict[str, str]:
        return {**self._args.get("labels", {}), **_pods.labels(self._name, component)}

    def _hosts(self) -> list[str]:
        """The Service's names, the full one last."""
        namespace = f"{self._service}.{self._args['namespace']}"
        return [self._service, namespace, f"{namespace}.svc", f"{namespace}.svc.cluster.local"]

    def _migration(self, files: str, ready: list[pulumi.Resource]) -> None:
        labels = self._labels("migration")
        args = self._args
        variables = self._environment(args["database"])
        container = schema_container("mlflow", "migrate", args["image"], variables, STEP_MEMORY)
        before = _databases.user_container("mlflow", args["image"], args["database"], STEP_MEMORY)
        cluster: _databases.ClusterArgs = {
            "cluster_name": args["cluster_name"],
            "region": args["region"],
            "account_id": args["account_id"],
        }
        found = _databases.migration(
            self._objects,
            self._name,
            labels,
            cluster=cluster,
            own=args.get("secrets", []),
            administrator=args.get("administrator_secrets", []),
        )
        template = found.objects.pod(labels, found.service_account, container, files=files, waits=before)
        idle = "reader_host" in args or args["scale"]["minimum"] == 0
        after = [*ready, *found.ready]
        self._objects.job(f"{self._name}-migration", labels, template, suspended=idle, depends_on=after)
        self._objects.network_policy(f"{self._name}-migration", labels, ingress=[], egress=self._to_database())

    def _servers(self, files: str, ready: list[pulumi.Resource]) -> None:
        name, labels, scale = f"{self._name}-server", self._labels("server"), self._args["scale"]
        step = "wait-readable" if "reader_host" in self._args else "wait"
        variables = self._environment(_served_from(self._args))
        wait = schema_container("mlflow", step, self._args["image"], variables, STEP_MEMORY)
        template = self._objects.pod(labels, self._name, self._server(), files=files, waits=[wait])
        self._objects.deployment(name, labels, template, replicas(scale), depends_on=ready)
        self._objects.autoscaler(name, labels, scale)
        self._objects.service(f"{self._name}-service", self._service, labels, PORT)
        clients = sorted({self._args["namespace"], *self._args.get("client_namespaces", [])})
        egress = [*self._to_database(), *to_aws()]
        self._objects.network_policy(name, labels, ingress=[from_namespaces(clients, PORT)], egress=egress)

    def _to_database(self) -> list[dict[str, Any]]:
        return [to_dns(), to_networks(self._args["network_cidrs"], _databases.port(self._args["database"]))]

    def _environment(self, database: WorkloadDatabaseArgs) -> list[dict[str, Any]]:
        return [
            *_databases.environment(database),
            *(plain(name, value) for name, value in region_environment(self._args["region"]).items()),
            # Jobs of the server itself would take five times the memory, and nothing here uses them.
            plain("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"),
        ]

    def _server(self) -> Container:
        return Container(
            name="server",
            image=self._args["image"],
            command=_command(self._args, self._hosts()),
            environment=self._environment(_served_from(self._args)),
            cpu=CPU,
            memory=MEMORY,
            port=PORT,
            probes=probes("/health"),
        )


def _served_from(args: ModelRegistryArgs) -> WorkloadDatabaseArgs:
    """The database as the servers reach it. The migration's Job, which can't be edited, always names the writer."""
    return {**args["database"], "host": args.get("reader_host", args["database"]["host"])}


def _command(args: ModelRegistryArgs, hosts: list[str]) -> list[pulumi.Input[str]]:
    """The server. User and password are in libpq's variables, so they are in no process list."""
    database, bucket = _served_from(args), args["bucket"]
    address = pulumi.Output.concat(
        "postgresql+psycopg2://", database["host"], f":{_databases.port(database)}/{database['name']}"
    )
    callers = [*(f"{host}:{PORT}" for host in hosts), f"localhost:{PORT}", *args.get("allowed_hosts", [])]
    return [
        *("mlflow", "server", "--host", "0.0.0.0", "--port", str(PORT), "--workers", str(PROCESSES)),  # noqa: S104
        *("--backend-store-uri", address, "--serve-artifacts", "--artifacts-destination"),
        pulumi.Output.concat("s3://", bucket["name"], f"/{_prefix(args)}"),
        *("--allowed-hosts", ",".join(callers)),
    ]


def _prefix(args: ModelRegistryArgs) -> str:
    return args["bucket"].get("prefix", "mlflow")


def _statements(args: ModelRegistryArgs) -> list[Mapping[str, Any]]:
    """Artifacts below the prefix, and no others."""
    bucket = bucket_arn(args["region"], args["bucket"]["name"])
    objects = pulumi.Output.concat(bucket, f"/{_prefix(args)}/*")
    return [
        {
            "Sid": "Artifacts",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            "Resource": objects,
        },
        {
            "Sid": "List",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": [_prefix(args), f"{_prefix(args)}/*"]}},
        },
        {
            "Sid": "Key",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": args["bucket"]["kms_key_arn"],
        },
    ]


def _validate(name: str, args: ModelRegistryArgs) -> None:
    checks = Checks("ModelRegistry", name, ModelRegistryArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: require_kubernetes_name(checks, "namespace", args["namespace"]),
        lambda: require_kubernetes_name(checks, "service_name", args.get("service_name", name)),
        lambda: _checks.require_some(checks, "zones", args["zones"]),
        lambda: require_scale(checks, args["scale"]),
        lambda: require_image(checks, args["image"]),
        lambda: require_database(checks, args["database"]),
        lambda: _checks.require_some(checks, "network_cidrs", args["network_cidrs"]),
        lambda: _checks.require_key_prefix(checks, "bucket.prefix", _prefix(args)),
        lambda: check_uses(checks, "uses", args.get("uses", {})),
    )
