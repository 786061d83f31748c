"""``list``: any pairs, named by text files with one "image mask" a line."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.design import ListDataset
from fcn_hw.errors import DataError
from fcn_hw.train.datasets.pairs import Pair, read_lines


def listed_pairs(config: ListDataset, folder: Path, split: str) -> list[Pair]:
    """The pairs of one split.

    Raises:
        DataError: the list is missing, empty or malformed.
    """
    return read_pairs(folder / (config.train_list if split == "train" else config.val_list), folder)


def read_pairs(path: Path, folder: Path) -> list[Pair]:
    """Reads lines of two paths, relative to ``folder`` or absolute.

    Blanks part them; a line with a tab is parted by the tab, so that names may hold blanks.

    Raises:
        DataError: the list is missing or empty, or a line hasn't two fields.
    """
    pairs = []
    for source, line in read_lines(path):
        fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
        if len(fields) != 2 or not all(fields):
            raise DataError(
                f"{source}: expected 'image mask', found {len(fields)} fields",
                hint="Part names that hold blanks by a tab." if len(fields) > 2 else "",
            )
        image, mask = fields
        pairs.append(Pair(Path(image).stem, folder / image, folder / mask, source))
    return pairs
