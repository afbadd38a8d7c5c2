"""What would stop a deployment, and what would stop a failover. Asks and changes nothing."""
