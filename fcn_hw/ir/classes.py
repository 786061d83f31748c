"""The classes of ops by name, and what a class must be: those from outside are checked too."""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

from fcn_hw.errors import ConfigError, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.ops import OPS, Constant, Op, Padding, Pair, op_classes
from fcn_hw.resources import data_folder
from fcn_hw.scaling import Scaling

STORABLE = (int, Pair, Padding, FixedFormat, Constant, Constant | None, Scaling | None)
"""Types that a field of an op may have."""


def op_class(name: str) -> type[Op]:
    """The class of an op, by its name.

    A class that was defined again in its place, as a notebook does, takes the place of the first.

    Raises:
        ConfigError: no class, or two, have the name.
    """
    found = [kind for kind in op_classes() if kind.__name__ == name]
    if not found:
        known = sorted({kind.__name__ for kind in op_classes()})
        raise ConfigError(
            f"'{name}' is no op of fcn_hw nor of a module that was imported; "
            f"near: {nearest(name, known)}"
        )
    places = {f"{kind.__module__}.{kind.__qualname__}" for kind in found}
    if len(places) > 1:
        raise ConfigError(
            f"two ops are named '{name}': {' and '.join(sorted(places))}",
            hint="Give one of the classes another name.",
        )
    return found[-1]


def own_types(kind: type[Op]) -> dict[str, Any]:
    """The fields that :class:`Op` has not, with their types."""
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.own_fields()}


@cache
def check_class(kind: type[Op]) -> None:
    """Checks that an op of the class can be stored and emitted.

    Raises:
        ConfigError: it is no dataclass, an op of fcn_hw has its name or a header of fcn_hw its
            header's, its header or template is missing, or a field can't be stored.
    """
    if kind in OPS:
        return
    name, another = kind.__name__, "Give your class another name."
    if "__dataclass_fields__" not in vars(kind):
        raise ConfigError(f"op '{name}' is no dataclass", hint="Add @dataclass(frozen=True).")
    if name in {item.__name__ for item in OPS}:
        raise ConfigError(f"fcn_hw has an op '{name}' of its own", hint=another)
    op_class(name)
    for path in (kind.header(), kind.template()):
        if not path.is_file():
            raise ConfigError(
                f"{path}: there is no such file",
                hint=f"Class attribute 'folder' of '{name}' says where both files are.",
            )
    if (data_folder("templates") / "include" / "fcn_hw" / kind.header().name).exists():
        raise ConfigError(f"fcn_hw has a header '{kind.header().name}' of its own", hint=another)
    types = own_types(kind)
    for label, hint in types.items():
        if hint not in STORABLE:
            raise ConfigError(
                f"op '{name}': field '{label}' can't be stored",
                hint="Fields are int, pairs of int, Padding, FixedFormat or Constant.",
            )
    if kind.roms is Op.roms and {Constant, Constant | None} & set(types.values()):
        raise ConfigError(
            f"op '{name}' has constants, and its header gets none of them",
            hint="Say in roms() how they are stored.",
        )
