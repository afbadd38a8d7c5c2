#!/usr/bin/env bash
# Show the report on the page of the workflow's run, where a pull request from a fork has it too.
set -euo pipefail
: "${GITHUB_STEP_SUMMARY:?set by GitHub in every step}"
report=".haven/pr/comment.md"
if [ -f "$report" ]; then
  cat "$report" >>"$GITHUB_STEP_SUMMARY"
else
  echo "No report: the log of the step before has the reason." >>"$GITHUB_STEP_SUMMARY"
fi
