#!/usr/bin/env bash
# Could one environment fail over now? What forbids it fails the job; the whole report is on the page of the run.
# Environment: STACK, and what AWS needs.
set -euo pipefail
: "${STACK:?name a stack}"
export PATH="$PWD/.venv/bin:$PATH"
code=0
report="$(haven preflight "$STACK" --failover)" || code=$?
printf '%s\n' "$report"
printf '~~~~text\n%s\n~~~~\n' "$report" >>"$GITHUB_STEP_SUMMARY"
exit "$code"
