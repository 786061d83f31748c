"""Layer names as C identifiers."""

from __future__ import annotations

import re

from fcn_hw.ir.cpp_names import CPP_KEYWORDS

_EMITTED = frozenset({"input_t", "result_t", "main", "std", "hls", "nnet", "fcn_hw"})


class CNames:
    """Gives each layer a C identifier of its own, the layer's name where that is one.

    Args:
        taken: identifiers that no layer may get.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {*CPP_KEYWORDS, *_EMITTED, *taken}

    def __call__(self, name: str) -> str:
        base = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "op"
        if not base[0].isalpha():
            base = f"op_{base}"
        base = re.sub(r"__+", "_", base)  # two underscores are reserved in C++
        found, number = base, 2
        while found in self._taken:
            found, number = f"{base}_{number}", number + 1
        self._taken.add(found)
        return found
