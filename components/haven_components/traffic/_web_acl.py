"""What a web application firewall lets through to a load balancer, and the log of what it saw."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from haven_components.firewall_rules import BAD_INPUTS, COMMON_RULES, RULES
from haven_components.names import partition
from haven_components.shared.support import stateful

RATE_WINDOW_SECONDS = 300

SECRET_HEADERS = ("authorization", "cookie")

LOG_PREFIX = "aws-waf-logs-"
"""AWS WAF writes only to log groups with this prefix (AWS WAF Developer Guide, logging; read 2026-11-21)."""


class WebAcl:
    """Refuses what AWS's managed rules recognise, and clients that ask too often."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        *,
        balancer_arn: pulumi.Input[str],
        rate_limit: int,
        counted_rules: Sequence[str],
    ) -> None:
        self._component = component
        self._name = name
        self._acl = aws.wafv2.WebAcl(
            f"{name}-waf",
            name=f"{name}-waf",
            description=f"Guards {name}",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[
                self._rate(0, rate_limit),
                self._managed(1, COMMON_RULES, counted_rules),
                self._managed(2, BAD_INPUTS, counted_rules),
            ],
            visibility_config=self._visibility("waf"),
            tags={"Name": f"{name}-waf"},
            opts=self._beside(),
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-waf-association",
            resource_arn=balancer_arn,
            web_acl_arn=self._acl.arn,
            opts=self._beside(),
        )

    def log(
        self, *, region: str, account_id: str, kms_key_arn: pulumi.Input[str], retention_days: int, ephemeral: bool
    ) -> None:
        """Write what the firewall sees into a log group, without what identifies people."""
        group_name = f"{LOG_PREFIX}{self._name}"
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-waf-logs",
            name=group_name,
            kms_key_id=kms_key_arn,
            retention_in_days=retention_days,
            tags={"Name": group_name},
            opts=stateful(self._component, ephemeral=ephemeral),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-waf-logging",
            resource_arn=self._acl.arn,
            log_destination_configs=[f"arn:{partition(region)}:logs:{region}:{account_id}:log-group:{group_name}"],
            redacted_fields=[{"single_header": {"name": each}} for each in SECRET_HEADERS],
            opts=pulumi.ResourceOptions(parent=self._component, depends_on=[group]),
        )

    def _rate(self, priority: int, limit: int) -> aws.wafv2.WebAclRuleArgsDict:
        return {
            "name": "rate",
            "priority": priority,
            "action": {"block": {}},
            "statement": {
                "rate_based_statement": {
                    "aggregate_key_type": "IP",
                    "limit": limit,
                    "evaluation_window_sec": RATE_WINDOW_SECONDS,
                }
            },
            "visibility_config": self._visibility("rate"),
        }

    def _managed(self, priority: int, group: str, counted: Sequence[str]) -> aws.wafv2.WebAclRuleArgsDict:
        return {
            "name": group,
            "priority": priority,
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": [
                        {"name": each, "action_to_use": {"count": {}}} for each in counted if each in RULES[group]
                    ],
                }
            },
            "visibility_config": self._visibility(group),
        }

    def _visibility(self, what: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
        return {
            "cloudwatch_metrics_enabled": True,
            "metric_name": f"{self._name}-{what}",
            "sampled_requests_enabled": True,
        }

    def _beside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._component)
