"""Load balancers, DNS failover and the traffic switch."""
