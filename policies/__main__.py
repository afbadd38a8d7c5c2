"""What Pulumi runs: `pulumi preview --policy-pack policies`."""

from haven_policies.pack import main

main()
