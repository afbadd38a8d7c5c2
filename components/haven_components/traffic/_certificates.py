"""A certificate whose name is shown to be ours by a DNS record, which both Regions' certificates share."""

from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

VALIDATION_TTL_SECONDS = 300


class BalancerCertificateArgs(TypedDict):
    domain: str
    """The name that the certificate is for, for example `api.example.com`."""
    hosted_zone_id: pulumi.Input[str]
    """Id of the public Route 53 zone in which the name is shown to be ours."""
    creates_validation_record: bool
    """Whether this component creates the record that validates the certificate. Certificates of one account for one
    name, in whatever Region, share one record: let exactly one component create it; the others wait until they are
    valid. Keep the record for as long as any of the certificates, for they are renewed by it."""


def validated_certificate(component: pulumi.Resource, name: str, args: BalancerCertificateArgs) -> pulumi.Output[str]:
    """ARN of a certificate that is valid once this output is known."""
    certificate = aws.acm.Certificate(
        f"{name}-certificate",
        domain_name=args["domain"],
        validation_method="DNS",
        tags={"Name": f"{name}-certificate"},
        opts=pulumi.ResourceOptions(parent=component),
    )
    records = [_validation(component, name, args, certificate)] if args["creates_validation_record"] else []
    validated = aws.acm.CertificateValidation(
        f"{name}-certificate-validation",
        certificate_arn=certificate.arn,
        opts=pulumi.ResourceOptions(parent=component, depends_on=records),
    )
    return validated.certificate_arn


def _validation(
    component: pulumi.Resource, name: str, args: BalancerCertificateArgs, certificate: aws.acm.Certificate
) -> pulumi.Resource:
    """One name in the certificate, so one option."""

    def option(key: str) -> pulumi.Output[Any]:
        # AWS answers an option; stand-ins of the provider may answer none.
        return certificate.domain_validation_options.apply(lambda found: getattr(found[0], key) if found else None)

    return aws.route53.Record(
        f"{name}-certificate-record",
        zone_id=args["hosted_zone_id"],
        name=option("resource_record_name"),
        type=option("resource_record_type"),
        records=[option("resource_record_value")],
        ttl=VALIDATION_TTL_SECONDS,
        # The record is the same for every certificate of this name in this account, and may be there already.
        allow_overwrite=True,
        opts=pulumi.ResourceOptions(parent=component),
    )
