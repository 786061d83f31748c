"""Digest of the code that can reach a stage's result: found by following imports, listed nowhere.

A stage names the module that makes its result. From there every ``import`` is followed, those
inside functions too; those for type checkers only are not. What is reached is the code of the
stage, with the files of ``templates`` that a reached module names by ``data_folder``. (A board's
file is read as data: it is among the inputs that a stage digests itself.)

A module that loads its whole folder (``iter_modules``) reaches all modules of it.

A package's ``__init__.py`` counts where something is imported from it, not because a module below
it is: these files hold nothing but names (a test sees to it). Imports are read by a pattern, since
parsing the package takes seconds; a test compares them with those of import-linter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fcn_hw.resources import PACKAGE, data_folder

_NAME = PACKAGE.name
_COMMENT = re.compile(r"#[^\n]*")
_TYPE_CHECKING = re.compile(r"^if TYPE_CHECKING:[^\n]*\n(?:[ \t]+[^\n]*\n|\n)*", re.M)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]+)|import[ \t]+([^\n]+))", re.M
)
_DATA = re.compile(r"""data_folder\(["']templates["']\)((?:\s*/\s*["'][^"']+["'])*)""")
_WORD = re.compile(r"""["']([^"']+)["']""")
_LISTING = re.compile(r"^for \w+ in iter_modules\(", re.M)
_ALIAS = re.compile(r"[ \t]+as[ \t]+\w+")


class Code:
    """The sources of a package, read once.

    Args:
        package: its folder; ``templates`` is beside or in it, as for
            :func:`fcn_hw.resources.data_folder`.
    """

    def __init__(self, package: Path = PACKAGE) -> None:
        self._templates = data_folder("templates", package)
        self._files = {_module(path.relative_to(package)): path for path in package.rglob("*.py")}
        self._texts: dict[str, str] = {}
        self._digests: dict[str, str] = {}

    def reached(self, entry: str) -> tuple[str, ...]:
        """The modules that a module reaches by imports, itself among them, sorted."""
        found, left = {entry}, [entry]
        while left:
            new = self.imports(left.pop()) - found
            found |= new
            left += new
        return tuple(sorted(found))

    def imports(self, module: str) -> set[str]:
        """The modules of the package that a module imports."""
        text = _TYPE_CHECKING.sub("", self.text(module))
        found = set[str]()
        for source, names, plain in _IMPORT.findall(text):
            listed = _ALIAS.sub("", _COMMENT.sub("", names or plain)).strip("()\n ").split(",")
            wanted = [name.strip() for name in listed if name.strip()]
            if source:
                wanted = [
                    child if (child := f"{source}.{name}") in self._files else source
                    for name in wanted
                ]
            found.update(name for name in wanted if name in self._files)
        if _LISTING.search(text):
            folder = module.rpartition(".")[0] + "."
            found.update(name for name in self._files if name.startswith(folder))
        return found - {module}

    def templates(self, module: str) -> set[str]:
        """The files below ``templates`` that a module names, or whose folder it names."""
        found = set[str]()
        for rest in _DATA.findall(self.text(module)):
            named = self._templates.joinpath(*_WORD.findall(rest))
            files = [named] if named.is_file() else named.rglob("*")
            found.update(
                path.relative_to(self._templates).as_posix() for path in files if path.is_file()
            )
        return found

    def digest(self, entry: str) -> str:
        """SHA-256 of all that a module reaches: sources and files."""
        if entry not in self._digests:
            hashed = hashlib.sha256()
            for name, data in self._reached_bytes(entry):
                hashed.update(f"{name} {len(data)}\n".encode())
                hashed.update(data)
            self._digests[entry] = hashed.hexdigest()
        return self._digests[entry]

    def _reached_bytes(self, entry: str) -> Iterator[tuple[str, bytes]]:
        files = set[str]()
        for module in self.reached(entry):
            yield module, self.text(module).encode()
            files |= self.templates(module)
        for name in sorted(files):
            yield f"templates/{name}", (self._templates / name).read_bytes()

    def text(self, module: str) -> str:
        """The source of a module."""
        if module not in self._texts:
            self._texts[module] = self._files[module].read_text(encoding="utf-8")
        return self._texts[module]


def code_digest(entry: str) -> str:
    """SHA-256 of the code that a stage's result depends on.

    Args:
        entry: name of the module that makes the result, for instance ``fcn_hw.flow.export``.
    """
    return _installed().digest(entry)


@cache
def _installed() -> Code:
    return Code()


def _module(path: Path) -> str:
    """The name of a module by its path below the package."""
    parts = path.with_suffix("").parts
    return ".".join((_NAME, *(parts[:-1] if parts[-1] == "__init__" else parts)))
