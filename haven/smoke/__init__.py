"""The first run on an AWS account: a small ephemeral environment, deployed, failed over and back, and destroyed."""
