"""The end of a planned failover, in the Region that is left."""
