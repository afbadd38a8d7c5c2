"""What Pulumi runs: `pulumi preview --policy-pack policies`."""

import sys

from haven.problems import Problems
from policies.pack import serve

try:
    serve()
except Problems as error:
    sys.exit(error.render())
