#!/usr/bin/env bash
# Deploy one environment: the preview passes the policies and the gate first, then `pulumi up`, with the policies again.
# Environment: STACK, and what Pulumi and AWS need.
set -euo pipefail
: "${STACK:?name a stack}"
"$(dirname "$0")/preview.sh"
export PATH="$PWD/.venv/bin:$PATH"
echo "pulumi up of stack $STACK"
pulumi up --stack "$STACK" --policy-pack policies --yes --skip-preview --non-interactive
