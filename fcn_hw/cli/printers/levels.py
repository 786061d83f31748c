"""What the verb ``levels`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from fcn_hw.cli.printers.common import print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.studies.levels import Levels


def print_levels(result: Levels) -> None:
    """A row a level: means over the seeds, with the standard deviation where there are several."""
    from fcn_hw.studies.levels import level_title

    several = any(mean.seeds > 1 for mean in result.means)
    on_test = all(mean.test for mean in result.means)
    title = f"{result.metric} in %, {'test' if on_test else 'validation'} split"
    table = Table("level", title=title + (", mean ± standard deviation of the seeds" * several))
    for column in ("seeds", "float", "directly quantized", "retrained", "zeros", "weights KiB"):
        table.add_column(column, justify="right")
    for mean in result.means:
        scores = mean.test if on_test else mean.scores
        cells = [
            f"{100 * value:.2f}" + (f" ± {100 * spread:.2f}" if mean.seeds > 1 else "")
            for value, spread in scores.values()
        ]
        table.add_row(
            level_title(mean.level), str(mean.seeds), *cells, f"{100 * mean.zeros:.1f} %",
            f"{mean.weight_bits / 8192:.1f}",
        )  # fmt: skip
    print_table(table)
