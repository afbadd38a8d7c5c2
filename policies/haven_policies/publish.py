"""Makes the pack one self-contained folder, for machines without this project.

`python -m haven_policies.publish FOLDER` copies the rules, and beside them the few modules of `haven` that they import.
"""

import ast
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from haven.base.problems import Problem, Problems, shown

OWN = ("haven", "haven_policies")
_DEPENDENCIES = ("pulumi", "pulumi-policy", "pydantic", "pyyaml")
_DESCRIBED = """\
description: What an environment must be to survive a Region, judged resource by resource and as a whole.
version: {version}
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: venv
"""
_MAIN = """\
from haven_policies.pack import main

main()
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
    modules = _modules()
    for place, source in sorted(modules | _data(modules)):
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    (folder / "PulumiPolicy.yaml").write_text(_DESCRIBED.format(version=version("haven-dr")))
    (folder / "__main__.py").write_text(_MAIN)
    (folder / "requirements.txt").write_text("".join(f"{name}=={version(name)}\n" for name in _DEPENDENCIES))
    return sorted(each.relative_to(folder) for each in folder.rglob("*") if each.is_file())


def _home(package: str) -> Path:
    """Where an installed package of this project is."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    return Path(found.origin).parent


def _data(modules: Iterable[tuple[Path, Path]]) -> set[tuple[Path, Path]]:
    """The data files of the packages among modules: where each goes, and where it is."""
    packages = [(place.parent, source.parent) for place, source in modules if source.name == "__init__.py"]
    return {
        (folder / each.name, each)
        for folder, home in packages
        for kind in ("*.csv", "*.yaml")
        for each in home.glob(kind)
    }


def _modules() -> set[tuple[Path, Path]]:
    """The pack's modules and all that they import of this project: where each goes, and where it is."""
    found: set[tuple[Path, Path]] = set()
    waiting = list(_files(["haven_policies", "pack"]))
    while waiting:
        place, source = waiting.pop()
        if (place, source) not in found:
            found.add((place, source))
            waiting += _imported(source)
    return found


def _imported(file: Path) -> Iterator[tuple[Path, Path]]:
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


def _files(steps: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    if steps[0] not in OWN:
        return
    home = _home(steps[0]).parent
    for count in range(1, len(steps) + 1):
        place = Path(*steps[:count])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if (home / file).is_file():
                yield file, home / file


def main(arguments: Sequence[str]) -> int:
    """Publish into the folder that is named.

    Returns:
        The exit code: 2 where the folder is no good.
    """
    if len(arguments) != 1:
        print("usage: python -m haven_policies.publish FOLDER", file=sys.stderr)
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
