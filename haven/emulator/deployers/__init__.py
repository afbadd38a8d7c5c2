"""Deploy a stack into the emulator or to AWS: with the Pulumi CLI, or with the Terraform CLI and the AWS provider."""
