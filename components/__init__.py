"""Haven's components: AWS resources that stand in two Regions, or in one of the two. Each is usable alone."""

from components.failover_dns import (
    DnsRouting,
    DnsSideArgs,
    FailoverDns,
    FailoverDnsArgs,
    PrivateZoneArgs,
    PrivateZoneVpcArgs,
)
from components.multi_region_key import MultiRegionKey, MultiRegionKeyArgs
from components.network_peering import NetworkPeering, NetworkPeeringArgs, PeeringSideArgs
from components.regional_network import RegionalNetwork, RegionalNetworkArgs
from components.replicated_bucket import BucketSideArgs, ReplicatedBucket, ReplicatedBucketArgs
from components.traffic_switch import EndpointCheckArgs, TrafficSwitch, TrafficSwitchArgs

__all__ = [
    "BucketSideArgs",
    "DnsRouting",
    "DnsSideArgs",
    "EndpointCheckArgs",
    "FailoverDns",
    "FailoverDnsArgs",
    "MultiRegionKey",
    "MultiRegionKeyArgs",
    "NetworkPeering",
    "NetworkPeeringArgs",
    "PeeringSideArgs",
    "PrivateZoneArgs",
    "PrivateZoneVpcArgs",
    "RegionalNetwork",
    "RegionalNetworkArgs",
    "ReplicatedBucket",
    "ReplicatedBucketArgs",
    "TrafficSwitch",
    "TrafficSwitchArgs",
]
