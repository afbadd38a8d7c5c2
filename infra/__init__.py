"""The Pulumi program: one environment in two Regions, or an account's baseline."""
