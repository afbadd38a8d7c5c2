#!/usr/bin/env bash
# Show the report on the page of the workflow's run, where a pull request from a fork has it too.
set -euo pipefail
: "${GITHUB_STEP_SUMMARY:?set by GitHub in every step}"
cat .haven/pr/comment.md >>"$GITHUB_STEP_SUMMARY"
