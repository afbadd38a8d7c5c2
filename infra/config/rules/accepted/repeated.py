"""Lists in which a second mention of the same thing means nothing, or is refused by AWS."""

from collections.abc import Iterable, Iterator, Sequence

from haven.base.problems import Problem, shown
from haven.config.base_model import Model
from infra.config import models
from infra.config.rules.validators import Rule, Rules

RULES = Rules()

_LISTS = (
    ("watch", "emails", "addresses"),
    ("cost", "emails", "addresses"),
    ("cluster", "log_types", "logs"),
    ("cluster", "admin_role_arns", "roles"),
    ("cluster", "public_access_cidrs", "networks"),
    ("cluster", "private_access_cidrs", "networks"),
    ("edge", "client_cidrs", "networks"),
    ("edge", "counted_rules", "rules"),
    ("images", "repositories", "names"),
    ("images", "reader_account_ids", "accounts"),
    ("operations", "operator_arns", "principals"),
    ("audit", "data_event_buckets", "buckets"),
    ("baseline", "image_prefixes", "prefixes"),
    ("baseline", "threat_features", "features"),
    ("baseline", "backup_services", "services"),
    ("baseline", "daily_types", "types"),
)
"""Config key, field of its model, and what it lists."""


def _rule(key: str, field: str, words: str) -> Rule:
    def check(model: Model | None) -> Iterable[Problem]:
        if model is not None:
            alias = type(model).model_fields[field].alias
            yield from _repeated(f"haven:{key}.{alias}", getattr(model, field), words)

    return check


for _list in _LISTS:
    RULES.on(_list[0])(_rule(*_list))


@RULES.on("cluster")
def _instance_types(cluster: models.Cluster) -> Iterable[Problem]:
    groups = {f"gpuNodeGroups[{index}]": each.instance_types for index, each in enumerate(cluster.gpu_node_groups)}
    for what, types in {"systemNodes": cluster.system_nodes.instance_types, **groups}.items():
        if len(set(types)) > 1 or what == "systemNodes":  # one type alone is another problem of GPU groups
            yield from _repeated(f"haven:cluster.{what}.instanceTypes", types, "types")


def _repeated(what: str, found: Sequence[str], words: str) -> Iterator[Problem]:
    once = list(dict.fromkeys(map(str, found)))
    if len(once) < len(found):
        yield Problem(what, shown(list(map(str, found))), f"different {words}", f"write {shown(once)}")
