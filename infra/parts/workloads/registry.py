"""The registry of models: in each Region with a cluster and a database, reading alone while that is a reader."""

import pulumi

from haven_components import ModelRegistry, ModelRegistryArgs
from haven_components.names import bucket_name
from infra.config.rules.systems import callers
from infra.config.system_models import System
from infra.parts import endpoints
from infra.parts.workloads import namespaces, platform
from infra.parts.workloads.namespaces import DATABASE, DATABASE_ADMINISTRATOR
from infra.parts.workloads.platform import Place, SystemStores


def declare(place: Place, system: System, used: SystemStores, after: pulumi.Resource) -> None:
    """Declare the servers of a registry in a Region. A Region without a database has none."""
    environment, region = place.environment, place.region
    found = endpoints.database_of(environment, used.stores, region)
    if found is None:
        return
    args: ModelRegistryArgs = {
        "region": region,
        "account_id": place.account,
        "cluster_name": place.cluster_name,
        "namespace": place.system,
        "zones": place.zones,
        "scale": place.scale,
        "image": place.image(system.image),
        "database": {
            "host": found["writer"],
            "port": found["port"],
            "name": platform.sql_name(place.system),
            "secret_name": DATABASE,
            "administrator_secret_name": DATABASE_ADMINISTRATOR,
            "password_version": system.password_version,
            "certificates": environment.database_certificates(region),
        },
        "bucket": {
            "name": bucket_name(environment.bucket_base(system.artifacts), region),
            "kms_key_arn": place.key,
            "prefix": place.system,
        },
        "network_cidrs": [place.cidr],
        "service_name": place.system,
        "client_namespaces": callers(environment.settings.systems, place.system),
        "secrets": namespaces.mounted(place, used.stores, DATABASE),
        "administrator_secrets": namespaces.mounted(place, used.stores, DATABASE_ADMINISTRATOR),
    }
    if allowed := namespaces.uses(place, system, used.stores):
        args["uses"] = allowed
    if not environment.scales[region].full:
        args["reader_host"] = found["reader"]
    ModelRegistry(place.name, args, place.options(after))
