"""The rules, a file for each thing they look at. Importing this package registers all of them."""

from fcn_hw.lint.rules import (
    dataflow,
    language,
    loops,
    ports,
    pragma_scope,
    pragma_text,
    unrolling,
)

__all__ = [
    "dataflow",
    "language",
    "loops",
    "ports",
    "pragma_scope",
    "pragma_text",
    "unrolling",
]
