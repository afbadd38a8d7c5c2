"""Deploy a stack into the emulator: with the Pulumi CLI, or with the Terraform CLI and the AWS provider."""
