"""Steps of a failover that restores from backups, where nothing replicates."""
