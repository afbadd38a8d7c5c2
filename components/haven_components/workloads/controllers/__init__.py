"""Controllers of other projects, which have no EKS add-on."""
