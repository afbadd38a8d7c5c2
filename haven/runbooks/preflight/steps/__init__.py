"""What single steps of a failover find when they begin."""
