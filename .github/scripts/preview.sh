#!/usr/bin/env bash
# Preview one environment, with the policies, and judge the preview with haven gate.
# Environment: STACK, and what Pulumi and AWS need. Changes nothing.
set -euo pipefail
: "${STACK:?name a stack}"
# What setup made comes first: haven, and the uv that runs the program and the policies.
export PATH="$PWD/.venv/bin:$PATH"
directory=".haven/preview"
mkdir -p "$directory"
preview="$directory/$STACK.json"

echo "pulumi preview of stack $STACK"
refused=0
# JSON goes to the file, messages to the log. A mandatory violation ends it with an error, and the gate still reports.
pulumi preview --stack "$STACK" --policy-pack policies --json --non-interactive >"$preview" || refused=$?

echo "haven gate of stack $STACK"
gated=0
haven gate "$preview" --stack "$STACK" >"$directory/$STACK.txt" || gated=$?
cat "$directory/$STACK.txt"

word() {
  if [ "$1" -eq 0 ]; then echo passed; else echo refused; fi
}
policies="$(word "$refused")"
gate="$(word "$gated")"
{
  echo "| stack | pulumi preview with policies | haven gate |"
  echo "|---|---|---|"
  echo "| \`$STACK\` | $policies | $gate |"
  echo
  echo "~~~~text"
  cat "$directory/$STACK.txt"
  echo "~~~~"
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
[ "$refused" -eq 0 ] && [ "$gated" -eq 0 ]
