"""Training runs on one cluster that lose one checkpoint interval, whatever takes their node or their Region."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import POOL_LABEL, regional
from haven_components.workloads._identity import bucket_arn, pod_identity
from haven_components.workloads._objects import to_aws, to_dns
from haven_components.workloads._pods import GPU_RESOURCE, SKIP_AWAIT, forced, labels, selecting
from haven_components.workloads._training_args import TrainingJobArgs, TrainingJobsArgs, job_name, validate
from haven_components.workloads._training_pods import (
    PRIORITY,
    checkpoint_prefix,
    is_suspended,
    job_spec,
    worker_count,
    worker_labels,
)
from haven_components.workloads.access._aws_rights import Rights

KUEUE = "kueue.x-k8s.io/v1beta2"
"""Kueue 0.17 stores this version (its custom resource definitions; read 2026-11-26)."""
DISK_QUOTA = "1Pi"
"""More than the disks of any node group: the scheduler finds room on them. Kueue never admits a Job that asks for
something of which its queue has no quota (Kueue 0.17.0, tried in `tests/kubernetes/controllers/`, 2026-11-26)."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


class TrainingJobs(pulumi.ComponentResource):
    """Jobs on one cluster, each of which comes back from its newest complete checkpoint in the own Region's bucket.

    Workers that lose their node (a drain, a reclaimed spot instance, GPUs that serving needs) don't count as failed and
    start anew. They get SIGTERM and 100 s to save a last checkpoint. Where nothing runs on standby, the jobs are there
    and suspended, so that a failover only resumes them. A Job can't be edited: another image or command replaces it,
    and the new one goes on from the checkpoint.

    Workers keep the convention of `haven.checkpoints` (docs/checkpoints.md), whose environment variables they get.
    """

    role_arn: pulumi.Output[str]
    """ARN of the role that the workers take."""
    checkpoint_location: pulumi.Output[str]
    """Where the checkpoints of all jobs are: `s3://<bucket>/<prefix>`."""
    job_names: pulumi.Output[list[str]]
    """Names of the Kubernetes Jobs, in the order of `jobs`."""
    queue_name: pulumi.Output[str]
    """Name of Kueue's LocalQueue; empty without."""

    def __init__(self, name: str, args: TrainingJobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:TrainingJobs", name, {}, opts)
        validate(name, args)
        self._name = name
        self._args = args
        account = self._object(kubernetes.core.v1.ServiceAccount, name, automount_service_account_token=False)
        priority = self._priority()
        identity = pod_identity(
            self,
            regional(name, args["region"]),
            namespace=args["namespace"],
            service_account=name,
            cluster_name=args["cluster_name"],
            region=args["region"],
            account_id=args["account_id"],
            statements=[
                *self._statements(),
                *Rights(args["region"], args["account_id"]).statements(args.get("uses", {})),
            ],
        )
        network = self._network_policy()
        queues = self._queue() if "queue" in args else []
        for job in args["jobs"]:
            self._job(job, [account, priority, network, *queues, *identity.ready])
        self.role_arn = identity.role.arn
        self.checkpoint_location = pulumi.Output.concat(
            "s3://", args["checkpoints"]["bucket"], f"/{checkpoint_prefix(name, args)}"
        )
        self.job_names = pulumi.Output.from_input([job_name(name, each) for each in args["jobs"]])
        self.queue_name = pulumi.Output.from_input(name if "queue" in args else "")
        self.register_outputs({output: getattr(self, output) for output in type(self).__annotations__})

    def _object(self, kind: Any, logical: str, **content: Any) -> Any:
        """An object in the namespace, called like its resource."""
        metadata = {"name": logical, "namespace": self._args["namespace"], "labels": labels(self._name, "training")}
        return kind(logical, metadata=metadata, opts=pulumi.ResourceOptions(parent=self), **content)

    def _priority(self) -> kubernetes.scheduling.v1.PriorityClass:
        return kubernetes.scheduling.v1.PriorityClass(
            self._name,
            metadata={"name": self._name, "labels": labels(self._name, "training")},
            value=PRIORITY,
            preemption_policy="Never",
            description="Training gives way to whatever serves, and comes back from its checkpoint.",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _job(self, job: TrainingJobArgs, after: list[pulumi.Resource]) -> None:
        logical = job_name(self._name, job)
        if worker_count(self._args, job) > 1:
            after = [*after, self._meeting_point(logical, job)]
        job_labels = worker_labels(self._name, self._args, job)
        kubernetes.batch.v1.Job(
            logical,
            metadata={
                "name": logical,
                "namespace": self._args["namespace"],
                "labels": job_labels | ({QUEUE_LABEL: self._name} if "queue" in self._args else {}),
                "annotations": SKIP_AWAIT | forced(self._args["scale"]),
            },
            spec=job_spec(self._name, self._args, job),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _meeting_point(self, logical: str, job: TrainingJobArgs) -> pulumi.Resource:
        """Gives each worker a host name, before it is ready: that is how they find each other."""
        spec = {
            "cluster_ip": "None",
            "publish_not_ready_addresses": True,
            "selector": selecting(worker_labels(self._name, self._args, job)),
        }
        service: pulumi.Resource = self._object(kubernetes.core.v1.Service, logical, spec=spec)
        return service

    def _network_policy(self) -> pulumi.Resource:
        """Workers talk to each other, to DNS, to what gives them credentials, and to AWS."""
        workers = {"pod_selector": {"match_labels": {"app.kubernetes.io/name": self._name}}}
        policy: pulumi.Resource = self._object(
            kubernetes.networking.v1.NetworkPolicy,
            self._name,
            spec={
                **workers,
                "policy_types": ["Ingress", "Egress"],
                "ingress": [{"from_": [workers]}],
                "egress": [{"to": [workers]}, to_dns(), *to_aws()],
            },
        )
        return policy

    def _queue(self) -> list[pulumi.Resource]:
        """A queue of the namespace in front of a quota of the cluster, one flavor for each node group: spot groups
        first, for jobs that prefer them."""
        pools = sorted(self._args["queue"]["pools"], key=lambda each: not each.get("spot", False))
        flavors = [
            self._kueue("ResourceFlavor", f"{self._name}-{each['pool']}", {"nodeLabels": {POOL_LABEL: each["pool"]}})
            for each in pools
        ]
        quotas: list[dict[str, Any]] = [
            {
                "name": f"{self._name}-{each['pool']}",
                "resources": [
                    {"name": "cpu", "nominalQuota": each["cpu"]},
                    {"name": "memory", "nominalQuota": each["memory"]},
                    {"name": GPU_RESOURCE, "nominalQuota": int(each["gpus"])},
                    {"name": "ephemeral-storage", "nominalQuota": DISK_QUOTA},
                ],
            }
            for each in pools
        ]
        covered = [each["name"] for each in quotas[0]["resources"]]
        cluster_queue = self._kueue(
            "ClusterQueue",
            self._name,
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self._args["namespace"]}},
                "resourceGroups": [{"coveredResources": covered, "flavors": quotas}],
            },
            *flavors,
        )
        stop = "HoldAndDrain" if is_suspended(self._args) else "None"
        local = {"clusterQueue": self._name, "stopPolicy": stop}
        return [self._kueue("LocalQueue", f"{self._name}-queue", local, cluster_queue)]

    def _kueue(self, kind: str, logical: str, spec: Mapping[str, Any], *after: pulumi.Resource) -> pulumi.Resource:
        local = kind == "LocalQueue"
        metadata: dict[str, Any] = {"name": self._name if local else logical, "labels": labels(self._name, "training")}
        if local and (annotations := forced(self._args["scale"])):
            metadata["annotations"] = annotations
        made: pulumi.Resource = kubernetes.apiextensions.CustomResource(
            logical,
            api_version=KUEUE,
            kind=kind,
            metadata=metadata | ({"namespace": self._args["namespace"]} if local else {}),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
        return made

    def _statements(self) -> list[Mapping[str, Any]]:
        """Checkpoints below the prefix, in the own Region's bucket alone, and data to read."""
        checkpoints, prefix = self._args["checkpoints"], checkpoint_prefix(self._name, self._args)
        region = self._args["region"]
        bucket = bucket_arn(region, checkpoints["bucket"])
        data = [bucket_arn(region, each) for each in self._args.get("read_buckets", [])]
        statements: list[Mapping[str, Any]] = [
            {
                "Sid": "Checkpoints",
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                "Resource": pulumi.Output.concat(bucket, f"/{prefix}/*"),
            },
            {
                "Sid": "FindCheckpoints",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": f"{prefix}/*"}},
            },
            {
                "Sid": "Encryption",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": checkpoints["kms_key_arn"],
            },
        ]
        if data:
            objects = [pulumi.Output.concat(each, "/*") for each in data]
            statements.append({"Sid": "Data", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects})
            statements.append({"Sid": "FindData", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": data})
        return statements
