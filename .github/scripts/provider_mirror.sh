#!/usr/bin/env bash
# Puts the version of the AWS provider that the tests take into the mirror that HAVEN_TERRAFORM_PLUGINS names.
set -euo pipefail
folder=$(mktemp -d)
.venv/bin/python -c '
import json
from haven.terraform import cli, provider_differences
aws = {"source": cli.SOURCE, "version": provider_differences.PROVIDER}
print(json.dumps({"terraform": {"required_providers": {"aws": aws}}}))
' > "$folder/main.tf.json"
terraform -chdir="$folder" providers mirror "$HAVEN_TERRAFORM_PLUGINS"
