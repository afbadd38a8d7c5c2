"""Haven's components: AWS resources that stand in two Regions, or in one of the two. Each is usable alone."""

from components._backup_rules import BackupInterval, BackupRuleArgs
from components._balancer_args import BalancerHealthArgs, BalancerKind, BalancerProtocol, EdgeBalancerArgs
from components._bucket_grants import BucketGrantArgs
from components._cache_side import CacheEngine, CacheEviction, CacheSideArgs
from components._certificates import BalancerCertificateArgs
from components._data_store import RecoverySecretArgs
from components._database_side import DatabaseSideArgs, DatabaseStorage
from components._fault_templates import FaultTagArgs
from components._grafana import GrafanaArgs, GrafanaAuthentication, GrafanaSamlArgs
from components._node_groups import CapacityMarket, CapacityReservationArgs, GpuNodeGroupArgs, SystemNodesArgs
from components._restore_tests import RestoredTypeArgs, RestoreTestsArgs
from components._table_args import (
    GlobalTableArgs,
    TableConsistency,
    TableIndexArgs,
    TableKeyArgs,
    TableKeyType,
    TableSideArgs,
)
from components._telemetry import CollectorArgs, PrometheusArgs, TracingArgs
from components._watched import (
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
from components.account_baseline import AccountBaseline, AccountBaselineArgs, BaselineSideArgs, ThreatFeature
from components.audit_trail import AuditTrail, AuditTrailArgs
from components.backup_vault import BackupSideArgs, BackupTagArgs, BackupVault, BackupVaultArgs
from components.cost_guard import AnomalyScope, CostGuard, CostGuardArgs, CostTagArgs
from components.edge_balancer import EdgeBalancer
from components.failover_dns import (
    DnsRouting,
    DnsSideArgs,
    FailoverDns,
    FailoverDnsArgs,
    PrivateZoneArgs,
    PrivateZoneVpcArgs,
)
from components.fault_experiments import FaultExperiments, FaultExperimentsArgs, GpuFaultArgs
from components.global_cache import GlobalCache, GlobalCacheArgs
from components.global_database import GlobalDatabase, GlobalDatabaseArgs
from components.global_table import GlobalTable
from components.inference_cluster import ClusterAccessArgs, ClusterAccessPolicy, InferenceCluster, InferenceClusterArgs
from components.multi_region_access_point import (
    AccessPointSideArgs,
    MultiRegionAccessPoint,
    MultiRegionAccessPointArgs,
)
from components.multi_region_key import MultiRegionKey, MultiRegionKeyArgs
from components.network_peering import NetworkPeering, NetworkPeeringArgs, PeeringSideArgs
from components.observability import Observability, ObservabilityArgs
from components.recovery_plan import (
    RecoveryActionArgs,
    RecoveryCriticality,
    RecoveryDatabaseArgs,
    RecoveryObjectiveArgs,
    RecoveryPlan,
    RecoveryPlanArgs,
)
from components.regional_network import RegionalNetwork, RegionalNetworkArgs
from components.replicated_bucket import BucketSideArgs, ReplicatedBucket, ReplicatedBucketArgs
from components.replicated_registry import RegistrySideArgs, ReplicatedRegistry, ReplicatedRegistryArgs
from components.replicated_secret import ReplicatedSecret, ReplicatedSecretArgs, SecretRotationArgs, SecretSideArgs
from components.request_buffer import BufferBusArgs, BufferStreamArgs, RequestBuffer, RequestBufferArgs
from components.state_backend import StateBackend, StateBackendArgs
from components.traffic_switch import EndpointCheckArgs, TrafficSwitch, TrafficSwitchArgs

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
