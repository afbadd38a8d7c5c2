"""What the package exports, and where each export is defined: `__init__.py` reads this file."""

import pulumi

from haven_components.account.account_baseline import (
    AccountBaseline as AccountBaseline,
    AccountBaselineArgs as AccountBaselineArgs,
    BaselineSideArgs as BaselineSideArgs,
)
from haven_components.account.audit_trail import (
    AuditTrail as AuditTrail,
    AuditTrailArgs as AuditTrailArgs,
)
from haven_components.account.cost_guard import (
    CostGuard as CostGuard,
    CostGuardArgs as CostGuardArgs,
    CostTagArgs as CostTagArgs,
)
from haven_components.account.state_backend import (
    StateBackend as StateBackend,
    StateBackendArgs as StateBackendArgs,
)
from haven_components.backup._backup_rules import (
    BackupRuleArgs as BackupRuleArgs,
    interval_minutes as interval_minutes,
    most_frequent as most_frequent,
    rpo_minutes as rpo_minutes,
)
from haven_components.backup._restore_tests import (
    RestoredTypeArgs as RestoredTypeArgs,
    RestoreTestsArgs as RestoreTestsArgs,
)
from haven_components.backup.backup_vault import (
    BackupSideArgs as BackupSideArgs,
    BackupTagArgs as BackupTagArgs,
    BackupVault as BackupVault,
    BackupVaultArgs as BackupVaultArgs,
)
from haven_components.choices import (
    AnomalyScope as AnomalyScope,
    BackupInterval as BackupInterval,
    BalancerKind as BalancerKind,
    BalancerProtocol as BalancerProtocol,
    CacheEngine as CacheEngine,
    CacheEviction as CacheEviction,
    CapacityMarket as CapacityMarket,
    ClusterAccessPolicy as ClusterAccessPolicy,
    DatabaseStorage as DatabaseStorage,
    DnsRouting as DnsRouting,
    FlowLogTraffic as FlowLogTraffic,
    GrafanaAuthentication as GrafanaAuthentication,
    KubernetesUpgradePolicy as KubernetesUpgradePolicy,
    PodSecurityLevel as PodSecurityLevel,
    ModelLoader as ModelLoader,
    RecoveryApproach as RecoveryApproach,
    TableConsistency as TableConsistency,
    TableKeyType as TableKeyType,
    ThreatFeature as ThreatFeature,
    TrainingCapacity as TrainingCapacity,
)
from haven_components.cluster._node_group_args import (
    CapacityReservationArgs as CapacityReservationArgs,
    GpuNodeGroupArgs as GpuNodeGroupArgs,
    SystemNodesArgs as SystemNodesArgs,
    gpu_group_name as gpu_group_name,
    system_group_name as system_group_name,
)
from haven_components.cluster.inference_cluster import (
    ClusterAccessEntryArgs as ClusterAccessEntryArgs,
    InferenceCluster as InferenceCluster,
    InferenceClusterArgs as InferenceClusterArgs,
)
from haven_components.data._cache_args import (
    CacheSideArgs as CacheSideArgs,
    GlobalCacheArgs as GlobalCacheArgs,
)
from haven_components.data._database_args import (
    DatabaseSideArgs as DatabaseSideArgs,
    GlobalDatabaseArgs as GlobalDatabaseArgs,
)
from haven_components.data._table_args import (
    GlobalTableArgs as GlobalTableArgs,
    TableIndexArgs as TableIndexArgs,
    TableKeyArgs as TableKeyArgs,
    TableSideArgs as TableSideArgs,
)
from haven_components.data.global_cache import (
    GlobalCache as GlobalCache,
)
from haven_components.data.global_database import (
    GlobalDatabase as GlobalDatabase,
)
from haven_components.data.global_table import (
    GlobalTable as GlobalTable,
)
from haven_components.data.multi_region_access_point import (
    AccessPointSideArgs as AccessPointSideArgs,
    MultiRegionAccessPoint as MultiRegionAccessPoint,
    MultiRegionAccessPointArgs as MultiRegionAccessPointArgs,
)
from haven_components.data.replicated_bucket import (
    BucketSideArgs as BucketSideArgs,
    ReplicatedBucket as ReplicatedBucket,
    ReplicatedBucketArgs as ReplicatedBucketArgs,
)
from haven_components.data.replicated_registry import (
    RegistrySideArgs as RegistrySideArgs,
    ReplicatedRegistry as ReplicatedRegistry,
    ReplicatedRegistryArgs as ReplicatedRegistryArgs,
)
from haven_components.data.request_buffer import (
    BufferBusArgs as BufferBusArgs,
    BufferStreamArgs as BufferStreamArgs,
    RequestBuffer as RequestBuffer,
    RequestBufferArgs as RequestBufferArgs,
)
from haven_components.keys.multi_region_key import (
    MultiRegionKey as MultiRegionKey,
    MultiRegionKeyArgs as MultiRegionKeyArgs,
)
from haven_components.keys.replicated_secret import (
    ReplicatedSecret as ReplicatedSecret,
    ReplicatedSecretArgs as ReplicatedSecretArgs,
    SecretRotationArgs as SecretRotationArgs,
    SecretSideArgs as SecretSideArgs,
)
from haven_components.network.network_peering import (
    NetworkPeering as NetworkPeering,
    NetworkPeeringArgs as NetworkPeeringArgs,
    PeeringSideArgs as PeeringSideArgs,
)
from haven_components.network._subnets import subnet_layout as subnet_layout
from haven_components.network.regional_network import (
    RegionalNetwork as RegionalNetwork,
    RegionalNetworkArgs as RegionalNetworkArgs,
)
from haven_components.observability._grafana import (
    GrafanaArgs as GrafanaArgs,
    GrafanaSamlArgs as GrafanaSamlArgs,
)
from haven_components.observability._scraper import ScraperArgs as ScraperArgs
from haven_components.observability._telemetry import (
    CollectorArgs as CollectorArgs,
    PrometheusArgs as PrometheusArgs,
    TracingArgs as TracingArgs,
)
from haven_components.observability._watched import (
    WatchedBalancerArgs as WatchedBalancerArgs,
    WatchedBucketArgs as WatchedBucketArgs,
    WatchedCacheArgs as WatchedCacheArgs,
    WatchedClusterArgs as WatchedClusterArgs,
    WatchedDatabaseArgs as WatchedDatabaseArgs,
    WatchedHealthCheckArgs as WatchedHealthCheckArgs,
    WatchedHeartbeatArgs as WatchedHeartbeatArgs,
    WatchedQueueArgs as WatchedQueueArgs,
    WatchedRegionArgs as WatchedRegionArgs,
    WatchedTableArgs as WatchedTableArgs,
    WatchedVaultArgs as WatchedVaultArgs,
    WatchThresholdsArgs as WatchThresholdsArgs,
)
from haven_components.observability.cluster_telemetry import (
    ClusterTelemetry as ClusterTelemetry,
    ClusterTelemetryArgs as ClusterTelemetryArgs,
)
from haven_components.observability.observability import (
    Observability as Observability,
    ObservabilityArgs as ObservabilityArgs,
)
from haven_components.resilience._fault_templates import (
    FaultTagArgs as FaultTagArgs,
)
from haven_components.resilience.fault_experiments import (
    FaultExperiments as FaultExperiments,
    FaultExperimentsArgs as FaultExperimentsArgs,
    GpuFaultArgs as GpuFaultArgs,
)
from haven_components.resilience._operator_args import (
    OperatorRoleArgs as OperatorRoleArgs,
    OperatorSideArgs as OperatorSideArgs,
)
from haven_components.resilience._heartbeat_args import (
    HeartbeatArgs as HeartbeatArgs,
    HeartbeatCacheArgs as HeartbeatCacheArgs,
    HeartbeatDatabaseArgs as HeartbeatDatabaseArgs,
    HeartbeatNetworkArgs as HeartbeatNetworkArgs,
    HeartbeatTableArgs as HeartbeatTableArgs,
)
from haven_components.resilience.heartbeat import Heartbeat as Heartbeat
from haven_components.resilience.operations_store import (
    OperationsAuditArgs as OperationsAuditArgs,
    OperationsStore as OperationsStore,
    OperationsStoreArgs as OperationsStoreArgs,
)
from haven_components.resilience.operator_role import OperatorRole as OperatorRole
from haven_components.resilience.recovery_plan import (
    RecoveryPlan as RecoveryPlan,
    RecoveryPlanArgs as RecoveryPlanArgs,
)
from haven_components.resilience.region_switch._args import (
    RecoveryActionArgs as RecoveryActionArgs,
    RecoveryCacheArgs as RecoveryCacheArgs,
    RecoveryClustersArgs as RecoveryClustersArgs,
    RecoveryDatabaseArgs as RecoveryDatabaseArgs,
    RecoveryDeploymentArgs as RecoveryDeploymentArgs,
    RecoveryEventSourceArgs as RecoveryEventSourceArgs,
    RecoveryFunctionsArgs as RecoveryFunctionsArgs,
    RecoveryNodeGroupArgs as RecoveryNodeGroupArgs,
    RecoveryRecordsArgs as RecoveryRecordsArgs,
    RecoveryReportArgs as RecoveryReportArgs,
    RecoverySwitchArgs as RecoverySwitchArgs,
)
from haven_components.resilience.resilience_assessment import (
    AssessedServiceArgs as AssessedServiceArgs,
    AssessedTagArgs as AssessedTagArgs,
    ResilienceAssessment as ResilienceAssessment,
    ResilienceAssessmentArgs as ResilienceAssessmentArgs,
)
from haven_components.shared.bucket_grants import (
    BucketGrantArgs as BucketGrantArgs,
)
from haven_components.shared.stored_secrets import (
    RecoverySecretArgs as RecoverySecretArgs,
)
from haven_components.traffic._balancer_args import (
    BalancerHealthArgs as BalancerHealthArgs,
    EdgeBalancerArgs as EdgeBalancerArgs,
)
from haven_components.traffic._certificates import (
    BalancerCertificateArgs as BalancerCertificateArgs,
)
from haven_components.traffic.edge_balancer import (
    EdgeBalancer as EdgeBalancer,
)
from haven_components.traffic.failover_dns import (
    DnsSideArgs as DnsSideArgs,
    FailoverDns as FailoverDns,
    FailoverDnsArgs as FailoverDnsArgs,
    PrivateZoneArgs as PrivateZoneArgs,
    PrivateZoneVpcArgs as PrivateZoneVpcArgs,
)
from haven_components.traffic.traffic_switch import (
    EndpointCheckArgs as EndpointCheckArgs,
    TrafficSwitch as TrafficSwitch,
    TrafficSwitchArgs as TrafficSwitchArgs,
)
from haven_components.workloads._databases import (
    WorkloadDatabaseArgs as WorkloadDatabaseArgs,
)
from haven_components.workloads._pods import WorkloadScaleArgs as WorkloadScaleArgs
from haven_components.workloads._secrets import WorkloadSecretArgs as WorkloadSecretArgs
from haven_components.workloads._traces import TracesArgs as TracesArgs
from haven_components.workloads._training_args import (
    TrainingCheckpointsArgs as TrainingCheckpointsArgs,
    TrainingJobArgs as TrainingJobArgs,
    TrainingJobsArgs as TrainingJobsArgs,
    TrainingPoolQuotaArgs as TrainingPoolQuotaArgs,
    TrainingQueueArgs as TrainingQueueArgs,
)
from haven_components.workloads.controllers._controller_args import (
    BalancerControllerArgs as BalancerControllerArgs,
    ClusterControllersArgs as ClusterControllersArgs,
    ControllerChartArgs as ControllerChartArgs,
    KedaArgs as KedaArgs,
    KueueArgs as KueueArgs,
)
from haven_components.workloads.controllers.cluster_controllers import ClusterControllers as ClusterControllers
from haven_components.workloads.headroom_nodes import (
    HeadroomNodes as HeadroomNodes,
)
from haven_components.workloads.headroom_nodes import (
    HeadroomNodesArgs as HeadroomNodesArgs,
)
from haven_components.workloads.headroom_nodes import (
    HeadroomPoolArgs as HeadroomPoolArgs,
)
from haven_components.workloads.kubernetes_provider import kubernetes_provider as kubernetes_provider
from haven_components.workloads.mesh._mesh_args import (
    MeshCircuitBreakerArgs as MeshCircuitBreakerArgs,
    MeshClientArgs as MeshClientArgs,
    MeshLimitsArgs as MeshLimitsArgs,
    MeshRetriesArgs as MeshRetriesArgs,
    MeshServiceArgs as MeshServiceArgs,
    ServiceMeshArgs as ServiceMeshArgs,
)
from haven_components.workloads.mesh.service_mesh import (
    ServiceMesh as ServiceMesh,
    mesh_labels as mesh_labels,
)
from haven_components.workloads.model_registry import (
    ModelRegistry as ModelRegistry,
    ModelRegistryArgs as ModelRegistryArgs,
    RegistryBucketArgs as RegistryBucketArgs,
)
from haven_components.workloads.serving._args import (
    CachedAnswerArgs as CachedAnswerArgs,
    EngineArgs as EngineArgs,
    EngineMetricsArgs as EngineMetricsArgs,
    GoldenPromptArgs as GoldenPromptArgs,
    ModelServingArgs as ModelServingArgs,
    ModelVersionArgs as ModelVersionArgs,
    ServedModelArgs as ServedModelArgs,
    ServingAutoscalingArgs as ServingAutoscalingArgs,
    ServingCanaryArgs as ServingCanaryArgs,
    ServingFallbackArgs as ServingFallbackArgs,
    ServingPrometheusArgs as ServingPrometheusArgs,
    ServingTargetArgs as ServingTargetArgs,
)
from haven_components.workloads.serving.model_serving import (
    ModelServing as ModelServing,
)
from haven_components.workloads.training_jobs import TrainingJobs as TrainingJobs
from haven_components.workloads.workflow_orchestrator import (
    WorkflowOrchestrator as WorkflowOrchestrator,
)
from haven_components.workloads.workflows._args import (
    WorkflowMessagingArgs as WorkflowMessagingArgs,
    WorkflowOrchestratorArgs as WorkflowOrchestratorArgs,
    WorkflowSecretsArgs as WorkflowSecretsArgs,
    WorkPoolArgs as WorkPoolArgs,
)
from haven_components.workloads.access._access_args import (
    BucketAccessArgs as BucketAccessArgs,
    ClusterAccessArgs as ClusterAccessArgs,
    ContainerDefaultsArgs as ContainerDefaultsArgs,
    DatabaseUserArgs as DatabaseUserArgs,
    MountedSecretArgs as MountedSecretArgs,
    NamespaceNetworkArgs as NamespaceNetworkArgs,
    NamespaceQuotaArgs as NamespaceQuotaArgs,
    PodSecurityExceptionArgs as PodSecurityExceptionArgs,
    QueueAccessArgs as QueueAccessArgs,
    PodUsesArgs as PodUsesArgs,
    ServiceAccountArgs as ServiceAccountArgs,
    TableAccessArgs as TableAccessArgs,
)
from haven_components.workloads.access.cluster_access import ClusterAccess as ClusterAccess

COMPONENTS: tuple[type[pulumi.ComponentResource], ...]

__all__: list[str]
