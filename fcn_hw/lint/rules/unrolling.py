"""How large unrolled loops get."""

from __future__ import annotations

from collections.abc import Iterator

from fcn_hw.lint.execute import MAX_UNROLLED, executed
from fcn_hw.lint.project import Project
from fcn_hw.lint.registry import Breach, rule


@rule(
    "unrolled-size",
    f"Unrolled loops make at most {MAX_UNROLLED:,} copies of a body, multiplied through nests.",
    source='UG1399, "Unrolling Loops to Improve Pipelining"; the number is ours',
)
def unrolled_size(project: Project) -> Iterator[Breach]:
    for excess in executed(project).excesses:
        yield (
            excess.place,
            f"unrolled loops make {excess.copies:,} copies of this body, the limit is "
            f"{MAX_UNROLLED:,}",
            "fold it: fewer multipliers in parallel, a higher ReuseFactor",
        )
