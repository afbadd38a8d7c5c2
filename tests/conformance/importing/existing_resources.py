"""What a platform team made by hand before Haven came, in the emulator, and the ids by which it is imported."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from haven.emulator.clients import Clients
from haven_components.network._subnets import ZoneSubnets

ACCOUNT = "000000000000"
"""The emulator's own, which the ARNs that it makes up name."""


@dataclass
class Existing:
    """Things in one Region. Every method makes some, and notes what Terraform calls them and their ids."""

    url: str
    region: str
    ids: dict[str, str] = field(default_factory=dict)
    """Terraform's address -> id to import."""

    def network(self, name: str, cidr: str, zones: Mapping[str, ZoneSubnets]) -> Mapping[str, str]:
        """A VPC with its internet gateway, subnets and a route table for each zone, none of them with a tag.

        Args:
            name: what Haven calls the network.
            cidr: of the VPC.
            zones: letter of each zone -> its subnets.

        Returns:
            `<kind>-<zone>` -> id of each subnet.
        """
        ec2 = Clients(self.url).of("ec2", self.region)
        vpc = str(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])
        gateway = str(ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"])
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        public = self._table(name, "public", vpc)
        ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.ids |= {
            f"aws_vpc.{name}-vpc": vpc,
            f"aws_internet_gateway.{name}-internet": gateway,
            f"aws_route.{name}-public-internet": f"{public}_0.0.0.0/0",
        }
        subnets = {}
        for letter, blocks in zones.items():
            for kind, block in vars(blocks).items():
                label = f"{kind}-{letter}"
                made = ec2.create_subnet(VpcId=vpc, AvailabilityZone=f"{self.region}{letter}", CidrBlock=block)
                subnets[label] = str(made["Subnet"]["SubnetId"])
                table = public if kind == "public" else self._table(name, label, vpc)
                ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[label])
                self.ids[f"aws_subnet.{name}-{label}"] = subnets[label]
                self.ids[f"aws_route_table_association.{name}-{label}"] = f"{subnets[label]}/{table}"
        return subnets

    def _table(self, name: str, label: str, vpc: str) -> str:
        ec2 = Clients(self.url).of("ec2", self.region)
        made = str(ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])
        self.ids[f"aws_route_table.{name}-{label}"] = made
        return made

    def database(self, name: str, subnets: Sequence[str], *, key: str, subnet_group: str, user: str) -> None:
        """An Aurora cluster with one instance, around which a global cluster was made.

        Args:
            name: what Haven calls the member.
            subnets: that it stands in.
            key: ARN of the key of its storage.
            subnet_group: name of the group of its subnets.
            user: its master user.
        """
        birth = {"MasterUsername": user, "MasterUserPassword": "before-haven-came", "DatabaseName": "haven"}
        arn = self._member(name, subnets, key, subnet_group, birth)
        whole = _global(name)
        Clients(self.url).of("rds", self.region).create_global_cluster(
            GlobalClusterIdentifier=whole,
            SourceDBClusterIdentifier=arn,
            DeletionProtection=True,
            StorageEncrypted=True,  # AWS takes this from the cluster, and refuses the argument; the emulator has to be
        )
        self.ids[f"aws_rds_global_cluster.{whole}"] = whole

    def second_member(self, name: str, subnets: Sequence[str], *, key: str) -> None:
        """A secondary, with one instance, of the global cluster that was made in another Region."""
        self._member(name, subnets, key, f"{name}-subnets", {"GlobalClusterIdentifier": _global(name)})

    def _member(self, name: str, subnets: Sequence[str], key: str, subnet_group: str, birth: Mapping[str, str]) -> str:
        rds = Clients(self.url).of("rds", self.region)
        rds.create_db_subnet_group(
            DBSubnetGroupName=subnet_group, DBSubnetGroupDescription="Database", SubnetIds=list(subnets)
        )
        made = rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            EngineVersion="16.11",
            DBSubnetGroupName=subnet_group,
            StorageEncrypted=True,
            KmsKeyId=key,
            **birth,
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-1",
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
            DBSubnetGroupName=subnet_group,
            AvailabilityZone=f"{self.region}a",
            PromotionTier=0,
            AutoMinorVersionUpgrade=False,
            EnablePerformanceInsights=True,
            PerformanceInsightsKMSKeyId=key,
        )
        self.ids |= {
            f"aws_db_subnet_group.{name}-subnets": subnet_group,
            f"aws_rds_cluster.{name}": name,
            f"aws_rds_cluster_instance.{name}-1": f"{name}-1",
        }
        return str(made["DBCluster"]["DBClusterArn"])

    def cluster(self, name: str, subnets: Sequence[str], *, role: str) -> None:
        """An EKS cluster with one add-on, whose secrets aren't encrypted with a key.

        Args:
            name: the cluster's.
            subnets: that it stands in.
            role: name of the control plane's role.
        """
        clients = Clients(self.url)
        made = clients.of("iam", self.region).create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        eks = clients.of("eks", self.region)
        eks.create_cluster(
            name=name,
            version="1.33",
            roleArn=made["Role"]["Arn"],
            resourcesVpcConfig={"subnetIds": list(subnets), "endpointPublicAccess": True},
            accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"},
        )
        eks.create_addon(clusterName=name, addonName="coredns", addonVersion="v1.12.1-eksbuild.2")
        self.ids |= {
            f"aws_iam_role.{name}-cluster": role,
            f"aws_eks_cluster.{name}-cluster-eksCluster": name,
            f"aws_eks_addon.{name}-coredns": f"{name}:coredns",
        }


def _global(member: str) -> str:
    """What Haven calls the global cluster of a member."""
    return f"{member.rpartition('-')[0]}-global"


def ask_to_import(folder: Path, ids: Mapping[str, str]) -> None:
    """Let the next plan in a folder import these: address -> id."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [{"to": address, "id": each} for address, each in ids.items()]
    (folder / "imports.tf.json").write_text(json.dumps({"import": blocks}))
