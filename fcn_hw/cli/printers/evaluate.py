"""What the verb ``evaluate`` prints for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, percent, print_difference, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.evaluation import Evaluation
    from fcn_hw.train.tally import Metrics


def print_evaluation(result: Evaluation, folder: Path) -> None:
    """A row a model, a row a class, then whether the C++ is exact.

    Args:
        folder: of the document.
    """
    title = f"{result.design} on {result.name}: {result.images:,} images"
    print_table(_models(result, result.models, escape(title)))
    if result.own_size is not None:
        print_table(_models(result, result.own_size, "in the sizes of the images"))
    print_table(_classes(result))
    out = console()
    if result.absent:
        names = ", ".join(result.absent)
        out.print(f"absent from the masks: {escape(names)}", highlight=False)
    if result.boundary_tolerance_px is not None:
        out.print(
            f"boundaries match within {result.boundary_tolerance_px:.2f} pixels", highlight=False
        )
    hardware = result.hardware
    if hardware is not None:
        for row in hardware.layers:
            print_difference(row.layer, row.values, row.mismatches, row.first)
        verdict = "[bold green]exact[/]" if hardware.exact else "[bold red]NOT exact[/]"
        out.print(
            f"{verdict}: C++ for {hardware.board} = integer oracle: "
            f"{hardware.values_compared:,} values, {hardware.mismatches:,} mismatches; "
            f"{hardware.argmax_flips:,} arg-max flips against the quantized model",
            highlight=False,
        )
    path = folder / f"{result.file}.json"
    out.print(f"result: {escape(str(path))}, and .svg: the confusion matrix", highlight=False)


def _models(result: Evaluation, models: Mapping[str, Metrics], title: str) -> Table:
    columns = {"accuracy": "pixel_accuracy", "mean class accuracy": "mean_class_accuracy"}
    if result.metric == "mIoU":
        columns = {
            "mIoU": "miou",
            "freq. weighted IoU": "frequency_weighted_iou",
            "class accuracy": "mean_class_accuracy",
            "pixel accuracy": "pixel_accuracy",
            "boundary F1": "boundary_f1",
        }
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in ("model", *columns):
        table.add_column(column, justify="left" if column == "model" else "right")
    for key, metrics in models.items():
        values = (getattr(metrics, field) for field in columns.values())
        table.add_row(_label(key), *map(percent, values))
    return table


def _classes(result: Evaluation) -> Table:
    """The measure of each class by model; of the last one the accuracy and boundary F1 too."""
    one_class = result.metric == "accuracy"
    last = list(result.models)[-1]
    table = Table(title="accuracy by class" if one_class else "IoU by class", box=box.SIMPLE_HEAD)
    table.add_column("class", overflow="fold")
    for key in result.models:
        table.add_column(_label(key), justify="right")
    more = [] if one_class else ["class_accuracy", "class_boundary_f1"]
    for field in more:
        what = {"class_accuracy": "accuracy", "class_boundary_f1": "boundary F1"}[field]
        table.add_column(f"{_label(last)}: {what}", justify="right")

    def cells(name: str, metrics: Metrics, fields: list[str]) -> list[str]:
        return [percent(getattr(metrics, field)[name]) for field in fields]

    for name in result.models[last].iou:
        row = [escape(name)]
        for metrics in result.models.values():
            row += cells(name, metrics, ["class_accuracy" if one_class else "iou"])
        table.add_row(*row, *cells(name, result.models[last], more))
    return table


def _label(key: str) -> str:
    from fcn_hw.flow.evaluation import MODELS

    return MODELS[key]
