"""What the verb ``train`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from fcn_hw.cli.printers.common import console, percent, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.train.result import TrainResult


def print_training(result: TrainResult) -> None:
    """The three models side by side."""
    from fcn_hw.train.result import MODELS

    for title, scores in (("validation split", result), ("test split", result.test)):
        if scores is None:
            continue
        columns = {"accuracy": "pixel_accuracy"}
        if scores.float.metric != "accuracy":
            columns = {"mIoU": "miou", "pixel accuracy": "pixel_accuracy"}
        table = Table("model", title=f"training, {title}")
        for column in columns:
            table.add_column(column, justify="right")
        for key, item in scores.by_model().items():
            cells = [percent(getattr(item, name)) for name in columns.values()]
            table.add_row(MODELS[key], *cells)
        print_table(table)
    console().print(
        f"{100 * result.zeros_total:.1f} % of the weights are zero; weights take "
        f"{result.weight_bits / 8192:.1f} KiB",
        highlight=False,
    )
