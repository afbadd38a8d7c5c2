"""Network exposure that one property opens: databases, access points, clusters, instances, caches without TLS."""

from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Severity
from haven_policies.rules.property_rules import Property, is_not_false, is_not_on, one_of, property_rule, switch, where
from haven_policies.rules.ranges import is_internet
from haven_policies.rules.values import entries, heads_its_caches, is_unknown, number, value_at

SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
"""The four switches of a block of public access."""

MOST_HOPS = 2
"""One to the instance, and one more into a pod. An assumption."""
_METADATA = (aws.EC2_INSTANCE, aws.EC2_LAUNCH_CONFIGURATION, aws.EC2_LAUNCH_TEMPLATE)


def _has_metadata_options(found: Resource) -> bool:
    """All but instances whose launch template has them, and those without a metadata service."""
    options = value_at(found.inputs, "metadataOptions")
    from_template = options is None and found.inputs.get("launchTemplate") is not None
    return not from_template and value_at(options, "httpEndpoint") != "disabled"


def _few_hops(value: object) -> bool:
    hops = number(value)
    return hops is None or hops <= MOST_HOPS


def _is_public(cluster: Resource) -> bool:
    public = value_at(cluster.inputs, "vpcConfig.endpointPublicAccess")
    return is_not_false(public) and not is_unknown(public)


def _some_networks(value: Any) -> bool:
    """EKS opens the endpoint to everybody by default."""
    return bool(value) and not is_internet(entries(value))


def _has_tls_of_its_own(cache: Resource) -> bool:
    """All but members of a replication group or a Global Datastore, which take it over."""
    if cache.type == aws.ELASTICACHE_REPLICATION_GROUP and heads_its_caches(cache):
        return True
    return all(cache.inputs.get(name) is None for name in ("globalReplicationGroupId", "replicationGroupId"))


PUBLIC_ACCESS = (
    # The mode "preferred" takes connections without TLS too; it is meant for migrations.
    property_rule(
        "encryption/cache-demands-tls",
        switch(
            (aws.ELASTICACHE_CLUSTER, aws.ELASTICACHE_REPLICATION_GROUP),
            "transitEncryptionEnabled",
            "turn TLS on",
            _has_tls_of_its_own,
        ),
        Property(
            (aws.ELASTICACHE_REPLICATION_GROUP,),
            "transitEncryptionMode",
            lambda value: value != "preferred",
            '"required"',
            "require TLS once every client speaks it",
            heads_its_caches,
        ),
        Property(
            (aws.MEMORYDB_CLUSTER,),
            "tlsEnabled",
            is_not_false,
            "true",
            "leave it on; it can be set at creation only",
        ),
        description="A cache refuses connections without TLS.",
        remediation="Set transitEncryptionEnabled, and transitEncryptionMode to required.",
        page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html",
        severity=Severity.HIGH,
    ),
    property_rule(
        "encryption/cluster-endpoint-not-public",
        switch(
            (aws.EKS_CLUSTER,),
            "vpcConfig.endpointPrivateAccess",
            "turn it on: nodes then stay within their network",
        ),
        Property(
            (aws.EKS_CLUSTER,),
            "vpcConfig.publicAccessCidrs",
            _some_networks,
            "ranges of your own",
            "name the networks that people come from, or turn endpointPublicAccess off",
            _is_public,
        ),
        description="A cluster's API server is not open to the whole internet, and its nodes reach it from within.",
        remediation="Set endpointPrivateAccess, and either endpointPublicAccess to false or publicAccessCidrs.",
        page="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
        severity=Severity.HIGH,
    ),
    # With version 1, a server that fetches what strangers ask for would hand out the instance's credentials.
    property_rule(
        "encryption/instance-metadata-v2",
        Property(
            _METADATA,
            "metadataOptions.httpTokens",
            one_of("required"),
            '"required"',
            "require tokens",
            _has_metadata_options,
        ),
        Property(
            _METADATA,
            "metadataOptions.httpPutResponseHopLimit",
            _few_hops,
            "1 or 2",
            "keep the answers on the instance",
            _has_metadata_options,
        ),
        description="Instances use version 2 of the metadata service only, at most two hops away.",
        remediation="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1, or 2 for pods.",
        page="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
        severity=Severity.HIGH,
    ),
    # Whoever has the password, or guesses it, would be in.
    property_rule(
        "encryption/database-not-public",
        Property(
            (
                aws.DMS_REPLICATION_INSTANCE,
                aws.DOCDB_CLUSTER_INSTANCE,
                aws.MQ_BROKER,
                aws.NEPTUNE_CLUSTER_INSTANCE,
                aws.RDS_CLUSTER_INSTANCE,
                aws.RDS_INSTANCE,
                aws.REDSHIFT_CLUSTER,
            ),
            "publiclyAccessible",
            is_not_on,
            "false",
            "remove the public address",
        ),
        description="A database has no address on the internet.",
        remediation="Set publiclyAccessible to false and reach it from the network it is in.",
        page="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
        severity=Severity.CRITICAL,
    ),
    # An access point's switches are on by default and can't be changed later; the account's are off by default.
    property_rule(
        "encryption/public-access-blocked",
        *(switch((aws.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK,), each, "turn it on") for each in SWITCHES),
        *(
            Property((type_,), f"{base}.{each}", is_not_false, "true", "turn it on")
            for type_, base in (
                (aws.S3_ACCESS_POINT, "publicAccessBlockConfiguration"),
                (aws.S3CONTROL_MULTI_REGION_ACCESS_POINT, "details.publicAccessBlock"),
            )
            for each in SWITCHES
        ),
        description="The account, and every access point, blocks public access with all four switches.",
        remediation="Leave all four switches on.",
        page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html",
        severity=Severity.CRITICAL,
    ),
    # Targets may read such headers differently from the balancer: requests get smuggled through.
    property_rule(
        "encryption/balancer-drops-invalid-headers",
        switch(
            (aws.ALB_LOAD_BALANCER, aws.LB_LOAD_BALANCER),
            "dropInvalidHeaderFields",
            "turn it on",
            where("loadBalancerType", None, "application"),
        ),
        description="An application load balancer drops headers that are no HTTP headers.",
        remediation="Set dropInvalidHeaderFields.",
        page="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
        severity=Severity.MEDIUM,
    ),
)
