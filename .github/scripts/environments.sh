#!/usr/bin/env bash
# Hand the environments that are deployed to AWS to the next job's matrix.
set -euo pipefail
: "${GITHUB_OUTPUT:?set by GitHub in every step}"
found="$(.venv/bin/haven environments)"
echo "$found"
echo "environments=$found" >>"$GITHUB_OUTPUT"
