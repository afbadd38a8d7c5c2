"""KMS keys and secrets in two Regions."""
