"""Hosts the components for every Pulumi language: `pulumi package add <this directory>`."""

from importlib import metadata

from pulumi.provider.experimental import component_provider_host

from components import (
    AccountBaseline,
    AuditTrail,
    BackupVault,
    CostGuard,
    EdgeBalancer,
    FailoverDns,
    FaultExperiments,
    GlobalCache,
    GlobalDatabase,
    GlobalTable,
    InferenceCluster,
    MultiRegionAccessPoint,
    MultiRegionKey,
    NetworkPeering,
    Observability,
    RecoveryPlan,
    RegionalNetwork,
    ReplicatedBucket,
    ReplicatedRegistry,
    ReplicatedSecret,
    RequestBuffer,
    StateBackend,
    TrafficSwitch,
)

COMPONENTS = [
    AccountBaseline,
    AuditTrail,
    BackupVault,
    CostGuard,
    EdgeBalancer,
    FailoverDns,
    FaultExperiments,
    GlobalCache,
    GlobalDatabase,
    GlobalTable,
    InferenceCluster,
    MultiRegionAccessPoint,
    MultiRegionKey,
    NetworkPeering,
    Observability,
    RecoveryPlan,
    RegionalNetwork,
    ReplicatedBucket,
    ReplicatedRegistry,
    ReplicatedSecret,
    RequestBuffer,
    StateBackend,
    TrafficSwitch,
]

if __name__ == "__main__":
    component_provider_host(COMPONENTS, "haven", version=metadata.version("haven"))
