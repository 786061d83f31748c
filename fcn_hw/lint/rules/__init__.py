"""The rules, a file for each thing they look at. Importing this package registers all of them."""

from fcn_hw.lint.registry import RULES, Rule
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
    "all_rules",
    "dataflow",
    "language",
    "loops",
    "ports",
    "pragma_scope",
    "pragma_text",
    "unrolling",
]


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of registration."""
    return tuple(RULES.values())
