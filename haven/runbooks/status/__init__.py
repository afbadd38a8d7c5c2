"""What an environment's Regions report of themselves right now."""
