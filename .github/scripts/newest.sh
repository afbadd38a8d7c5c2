#!/usr/bin/env bash
# Stop where the branch has moved on: a run that was approved late would take a newer deployment back.
set -euo pipefail
newest="$(gh api "repos/${GITHUB_REPOSITORY:?}/commits/${GITHUB_REF_NAME:?}" --jq .sha)"
if [ "$newest" != "${GITHUB_SHA:?}" ]; then
  echo "::error::$GITHUB_REF_NAME is at $newest by now, and this run at $GITHUB_SHA: approve the newest run instead"
  exit 1
fi
