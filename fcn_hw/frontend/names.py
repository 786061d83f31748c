"""Layer names as C identifiers."""

from __future__ import annotations

import re

_RESERVED = frozenset(
    """alignas alignof and asm auto bool break case catch char class compl const constexpr continue
    decltype default delete do double else enum explicit export extern false float for friend goto
    if inline int long mutable namespace new noexcept not nullptr operator or private protected
    public register return short signed sizeof static struct switch template this throw true try
    typedef typeid typename union unsigned using virtual void volatile wchar_t while xor
    input_t result_t main std hls nnet fcn_hw""".split()
)


class CNames:
    """Gives each layer a C identifier of its own, the layer's name where that is one.

    Args:
        taken: identifiers that no layer may get.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {*_RESERVED, *taken}

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
