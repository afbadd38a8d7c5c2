"""A Region whose contents are lost gets new ones from the Region that survived: `haven failback --rebuild`."""
