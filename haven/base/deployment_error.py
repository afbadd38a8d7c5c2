"""The error for a deployment engine (the Pulumi CLI, the Terraform CLI) that fails."""


class DeploymentError(Exception):
    """An engine could not prepare, deploy or destroy something. The message is for people and names the log, if any."""
