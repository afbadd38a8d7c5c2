"""Exports a recording to Terraform JSON and runs the Terraform CLI with the AWS provider."""
