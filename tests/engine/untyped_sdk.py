"""Copies pulumi-kubernetes' Go SDK without what registers typed objects from YAML.

The plugin imports that for its YAML components alone, which Haven has none of. With it, the typed packages of every
Kubernetes version are compiled too: 29 MB of source text, more than all the rest takes. An object of YAML becomes a
custom resource of its kind instead.

    python -m tests.engine.untyped_sdk FOLDER    # afterwards: go build -modfile FOLDER/go.mod
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).with_name("pulumi-resource-kubernetes")
SDK = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
FILES = ("yaml/yaml.go", "yaml/v2/kinds.go")
TYPED = (r'\tcase "[^"]+":\n\t\tvar res .*?(?=\t(?:case|default))', rf'\t\w+ "{SDK}/[^"]+"\n')
"""One case for each kind; the import of its package."""


def main(folder: Path) -> None:
    """Write the copy, and a go.mod that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "mod", "download", SDK], check=True, cwd=PLUGIN)
    asked = ["go", "list", "-m", "-f", "{{.Dir}}", SDK]
    original = subprocess.run(asked, check=True, cwd=PLUGIN, capture_output=True, text=True).stdout.strip()
    copy = folder.resolve() / "sdk"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy, copy_function=shutil.copyfile)
    for each in (copy, *copy.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)  # the module cache is read-only
    for name in FILES:
        file = copy / "go" / "kubernetes" / name
        text = file.read_text()
        for pattern in TYPED:
            text = re.sub(pattern, "", text, flags=re.DOTALL)
        file.write_text(text)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(PLUGIN / name, folder / name)
    subprocess.run(["go", "mod", "edit", f"-replace={SDK}={copy}", (folder / "go.mod").resolve()], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
