"""Makes config and state follow a failover: what AWS has against what the stack file and the next preview have."""
