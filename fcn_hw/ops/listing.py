"""The ops that there are: every module of this folder is imported, so that none need be listed.

Whoever follows imports in the sources does not see these, and must count the whole folder.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from typing import Any

from fcn_hw import ops
from fcn_hw.ops.base import Op

for _module in iter_modules(ops.__path__):
    import_module(f"{ops.__name__}.{_module.name}")


def op_classes() -> tuple[type[Op], ...]:
    """Every op that can be made: those of fcn_hw, and those of other modules that were imported."""

    def below(kind: type[Any]) -> list[type[Op]]:
        return [item for sub in kind.__subclasses__() for item in (sub, *below(sub))]

    return tuple(dict.fromkeys(kind for kind in below(Op) if not isabstract(kind)))


OPS = tuple(sorted(op_classes(), key=lambda kind: kind.__name__))
"""The ops of fcn_hw, by name."""
