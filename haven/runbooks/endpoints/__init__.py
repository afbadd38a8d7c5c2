"""What a recovery calls that isn't AWS: a cluster's Kubernetes API, and the entrances of its models."""
