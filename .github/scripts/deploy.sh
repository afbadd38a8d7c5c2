#!/usr/bin/env bash
# Deploy one environment: the account, its quotas and the policies and the gate of a preview come first, then
# `pulumi up`, with the policies again. Never a refresh of the whole stack: after a failover it would wait for the lost
# Region without end (docs/promotion.md).
# Environment: STACK, and what Pulumi and AWS need.
set -euo pipefail
: "${STACK:?name a stack}"
export PATH="$PWD/.venv/bin:$PATH"
echo "haven preflight of stack $STACK"
haven preflight "$STACK"
"$(dirname "$0")/preview.sh"
echo "pulumi up of stack $STACK"
pulumi up --stack "$STACK" --policy-pack policies --yes --skip-preview --non-interactive
