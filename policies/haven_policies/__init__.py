"""Rules for environments that must survive a Region, and the policy pack that Pulumi runs."""
