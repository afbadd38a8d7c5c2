"""What becomes of a failover that somebody goes on with: the Region that is left may be another one by then."""
