"""Commands for the day on which a Region is lost: one file each. They need neither Pulumi nor its state."""
