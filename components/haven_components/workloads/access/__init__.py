"""What a system may use: a namespace with its rules, identities in AWS, secrets."""
