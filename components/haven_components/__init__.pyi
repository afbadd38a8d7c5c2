import pulumi

from haven_components.account.account_baseline import (
    AccountBaseline,
    AccountBaselineArgs,
    BaselineSideArgs,
    ThreatFeature,
)
from haven_components.account.audit_trail import AuditTrail, AuditTrailArgs
from haven_components.account.cost_guard import AnomalyScope, CostGuard, CostGuardArgs, CostTagArgs
from haven_components.account.state_backend import StateBackend, StateBackendArgs
from haven_components.backup._backup_rules import BackupInterval, BackupRuleArgs
from haven_components.backup._restore_tests import RestoredTypeArgs, RestoreTestsArgs
from haven_components.backup.backup_vault import BackupSideArgs, BackupTagArgs, BackupVault, BackupVaultArgs
from haven_components.cluster._node_groups import (
    CapacityMarket,
    CapacityReservationArgs,
    GpuNodeGroupArgs,
    SystemNodesArgs,
)
from haven_components.cluster.inference_cluster import (
    ClusterAccessArgs,
    ClusterAccessPolicy,
    InferenceCluster,
    InferenceClusterArgs,
)
from haven_components.data._cache_side import CacheEngine, CacheEviction, CacheSideArgs
from haven_components.data._data_store import RecoverySecretArgs
from haven_components.data._database_side import DatabaseSideArgs, DatabaseStorage
from haven_components.data._table_args import (
    GlobalTableArgs,
    TableConsistency,
    TableIndexArgs,
    TableKeyArgs,
    TableKeyType,
    TableSideArgs,
)
from haven_components.data.global_cache import GlobalCache, GlobalCacheArgs
from haven_components.data.global_database import GlobalDatabase, GlobalDatabaseArgs
from haven_components.data.global_table import GlobalTable
from haven_components.data.multi_region_access_point import (
    AccessPointSideArgs,
    MultiRegionAccessPoint,
    MultiRegionAccessPointArgs,
)
from haven_components.data.replicated_bucket import BucketSideArgs, ReplicatedBucket, ReplicatedBucketArgs
from haven_components.data.replicated_registry import RegistrySideArgs, ReplicatedRegistry, ReplicatedRegistryArgs
from haven_components.data.request_buffer import BufferBusArgs, BufferStreamArgs, RequestBuffer, RequestBufferArgs
from haven_components.keys.multi_region_key import MultiRegionKey, MultiRegionKeyArgs
from haven_components.keys.replicated_secret import (
    ReplicatedSecret,
    ReplicatedSecretArgs,
    SecretRotationArgs,
    SecretSideArgs,
)
from haven_components.network.network_peering import NetworkPeering, NetworkPeeringArgs, PeeringSideArgs
from haven_components.network.regional_network import RegionalNetwork, RegionalNetworkArgs
from haven_components.observability._grafana import GrafanaArgs, GrafanaAuthentication, GrafanaSamlArgs
from haven_components.observability._telemetry import CollectorArgs, PrometheusArgs, TracingArgs
from haven_components.observability._watched import (
    WatchedBalancerArgs,
    WatchedBucketArgs,
    WatchedCacheArgs,
    WatchedClusterArgs,
    WatchedDatabaseArgs,
    WatchedHealthCheckArgs,
    WatchedQueueArgs,
    WatchedRegionArgs,
    WatchedTableArgs,
    WatchedVaultArgs,
    WatchThresholdsArgs,
)
from haven_components.observability.observability import Observability, ObservabilityArgs
from haven_components.resilience._fault_templates import FaultTagArgs
from haven_components.resilience.fault_experiments import FaultExperiments, FaultExperimentsArgs, GpuFaultArgs
from haven_components.resilience.recovery_plan import (
    RecoveryActionArgs,
    RecoveryCriticality,
    RecoveryDatabaseArgs,
    RecoveryObjectiveArgs,
    RecoveryPlan,
    RecoveryPlanArgs,
)
from haven_components.shared.bucket_grants import BucketGrantArgs
from haven_components.traffic._balancer_args import BalancerHealthArgs, BalancerKind, BalancerProtocol, EdgeBalancerArgs
from haven_components.traffic._certificates import BalancerCertificateArgs
from haven_components.traffic.edge_balancer import EdgeBalancer
from haven_components.traffic.failover_dns import (
    DnsRouting,
    DnsSideArgs,
    FailoverDns,
    FailoverDnsArgs,
    PrivateZoneArgs,
    PrivateZoneVpcArgs,
)
from haven_components.traffic.traffic_switch import EndpointCheckArgs, TrafficSwitch, TrafficSwitchArgs

__all__ = [
    "AccessPointSideArgs",
    "AccountBaseline",
    "AccountBaselineArgs",
    "AnomalyScope",
    "AuditTrail",
    "AuditTrailArgs",
    "BackupInterval",
    "BackupRuleArgs",
    "BackupSideArgs",
    "BackupTagArgs",
    "BackupVault",
    "BackupVaultArgs",
    "BalancerCertificateArgs",
    "BalancerHealthArgs",
    "BalancerKind",
    "BalancerProtocol",
    "BaselineSideArgs",
    "BucketGrantArgs",
    "BucketSideArgs",
    "BufferBusArgs",
    "BufferStreamArgs",
    "CacheEngine",
    "CacheEviction",
    "CacheSideArgs",
    "CapacityMarket",
    "CapacityReservationArgs",
    "ClusterAccessArgs",
    "ClusterAccessPolicy",
    "CollectorArgs",
    "CostGuard",
    "CostGuardArgs",
    "CostTagArgs",
    "DatabaseSideArgs",
    "DatabaseStorage",
    "DnsRouting",
    "DnsSideArgs",
    "EdgeBalancer",
    "EdgeBalancerArgs",
    "EndpointCheckArgs",
    "FailoverDns",
    "FailoverDnsArgs",
    "FaultExperiments",
    "FaultExperimentsArgs",
    "FaultTagArgs",
    "GlobalCache",
    "GlobalCacheArgs",
    "GlobalDatabase",
    "GlobalDatabaseArgs",
    "GlobalTable",
    "GlobalTableArgs",
    "GpuFaultArgs",
    "GpuNodeGroupArgs",
    "GrafanaArgs",
    "GrafanaAuthentication",
    "GrafanaSamlArgs",
    "InferenceCluster",
    "InferenceClusterArgs",
    "MultiRegionAccessPoint",
    "MultiRegionAccessPointArgs",
    "MultiRegionKey",
    "MultiRegionKeyArgs",
    "NetworkPeering",
    "NetworkPeeringArgs",
    "Observability",
    "ObservabilityArgs",
    "PeeringSideArgs",
    "PrivateZoneArgs",
    "PrivateZoneVpcArgs",
    "PrometheusArgs",
    "RecoveryActionArgs",
    "RecoveryCriticality",
    "RecoveryDatabaseArgs",
    "RecoveryObjectiveArgs",
    "RecoveryPlan",
    "RecoveryPlanArgs",
    "RecoverySecretArgs",
    "RegionalNetwork",
    "RegionalNetworkArgs",
    "RegistrySideArgs",
    "ReplicatedBucket",
    "ReplicatedBucketArgs",
    "ReplicatedRegistry",
    "ReplicatedRegistryArgs",
    "ReplicatedSecret",
    "ReplicatedSecretArgs",
    "RequestBuffer",
    "RequestBufferArgs",
    "RestoreTestsArgs",
    "RestoredTypeArgs",
    "SecretRotationArgs",
    "SecretSideArgs",
    "StateBackend",
    "StateBackendArgs",
    "SystemNodesArgs",
    "TableConsistency",
    "TableIndexArgs",
    "TableKeyArgs",
    "TableKeyType",
    "TableSideArgs",
    "ThreatFeature",
    "TracingArgs",
    "TrafficSwitch",
    "TrafficSwitchArgs",
    "WatchThresholdsArgs",
    "WatchedBalancerArgs",
    "WatchedBucketArgs",
    "WatchedCacheArgs",
    "WatchedClusterArgs",
    "WatchedDatabaseArgs",
    "WatchedHealthCheckArgs",
    "WatchedQueueArgs",
    "WatchedRegionArgs",
    "WatchedTableArgs",
    "WatchedVaultArgs",
]

COMPONENTS: tuple[type[pulumi.ComponentResource], ...]
