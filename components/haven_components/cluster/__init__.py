"""EKS clusters, node groups and add-ons."""
