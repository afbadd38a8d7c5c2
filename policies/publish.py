"""Makes the pack one folder that stands for itself, for machines without this project.

`python -m policies.publish FOLDER` copies the rules, and beside them the few modules of `haven` that they import.
"""

import ast
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from haven.problems import Problem, Problems, shown

ROOT = Path(__file__).resolve().parent.parent
OWN = ("haven", "policies")
_DEPENDENCIES = ("pulumi", "pulumi-policy", "pydantic", "pyyaml")
_RUNTIME = """\
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: venv
"""


def publish(folder: Path) -> list[Path]:
    """Write the pack into a folder that doesn't exist yet, or is empty.

    Returns:
        The files, relative to the folder.

    Raises:
        Problems: there is something in the folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fix = "name a folder that doesn't exist yet"
        raise Problems([Problem("FOLDER", shown(str(folder)), "an empty folder, or none", fix)], "the command line")
    files = [*sorted(_modules()), *sorted((ROOT / "policies").rglob("*.yaml"))]
    for file in files:
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    described = (folder / "policies" / "PulumiPolicy.yaml").read_text()
    (folder / "policies" / "PulumiPolicy.yaml").unlink()
    (folder / "PulumiPolicy.yaml").write_text(described.partition("runtime:")[0] + _RUNTIME)
    (folder / "policies" / "__main__.py").rename(folder / "__main__.py")
    (folder / "requirements.txt").write_text("".join(f"{name}=={version(name)}\n" for name in _DEPENDENCIES))
    return sorted(each.relative_to(folder) for each in folder.rglob("*") if each.is_file())


def _modules() -> set[Path]:
    """The pack's modules, and all that they import of this project."""
    found: set[Path] = set()
    waiting = [ROOT / "policies" / "__main__.py"]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file)
    return found


def _imported(file: Path) -> Iterator[Path]:
    """The files of this project that a module imports, those of the packages around them too."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        else:
            continue
        for name in names:
            yield from _files(name.split("."))


def _files(steps: Sequence[str]) -> Iterator[Path]:
    if steps[0] not in OWN:
        return
    for count in range(1, len(steps) + 1):
        place = ROOT.joinpath(*steps[:count])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file


def main(arguments: Sequence[str]) -> int:
    """Publish into the folder that is named.

    Returns:
        The exit code: 2 where the folder is no good.
    """
    if len(arguments) != 1:
        print("usage: python -m policies.publish FOLDER", file=sys.stderr)
        return 2
    try:
        files = publish(Path(arguments[0]))
    except Problems as error:
        print(error.render(), file=sys.stderr)
        return 2
    print(f"{len(files)} files in {arguments[0]}; how to use them: docs/policies.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
