"""Encrypted topics to which AWS services publish in the account's name."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from haven_components.shared.support import policy_document


def service_topic(
    name: str,
    *,
    kms_key_arn: pulumi.Input[str],
    account_id: str,
    sources: Mapping[str, str],
    options: pulumi.ResourceOptions,
) -> tuple[aws.sns.Topic, aws.sns.TopicPolicy]:
    """A topic, and the policy that lists who may publish to it.

    Args:
        name: of the topic.
        kms_key_arn: the key must let the services encrypt: a topic whose key doesn't loses their messages silently.
        account_id: the account for which they publish.
        sources: service's principal -> pattern of the ARNs on whose behalf it publishes; empty where AWS names none.
        options: of the topic and its policy.
    """
    topic = aws.sns.Topic(
        name,
        name=name,
        kms_master_key_id=kms_key_arn,
        tags={"Name": name},
        opts=options,
    )
    policy = aws.sns.TopicPolicy(
        f"{name}-policy",
        arn=topic.arn,
        policy=policy_document(
            *({**_publish(service, account_id, source), "Resource": topic.arn} for service, source in sources.items()),
            {**_ONLY_TLS, "Resource": topic.arn},
        ),
        opts=options,
    )
    return topic, policy


_ONLY_TLS = {
    "Sid": "OnlyTls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _publish(service: str, account_id: str, source: str) -> dict[str, object]:
    condition: dict[str, Mapping[str, str]] = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source:
        condition["ArnLike"] = {"aws:SourceArn": source}
    return {
        "Sid": f"PublishFrom{service.split('.', maxsplit=1)[0].capitalize()}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Condition": condition,
    }
