"""How long the steps of a failover should take, and how long they took."""
