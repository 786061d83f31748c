"""``voc``: the folder layout of PASCAL VOC's segmentation task.

Everingham et al., "The PASCAL Visual Object Classes Challenge 2012 Development Kit", section 2:
``ImageSets/Segmentation/<list>.txt`` names images, ``JPEGImages/<name>.jpg`` holds them and
``SegmentationClass/<name>.png`` is a palette image of class indices whose 255 (borders and
difficult objects) does not count.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from fcn_hw.design import Voc, VocClass
from fcn_hw.errors import DataError
from fcn_hw.train.datasets.pairs import Pair, read_lines

CLASSES: tuple[str, ...] = get_args(VocClass)
VOID = 255

LAYOUT = ("ImageSets/Segmentation", "JPEGImages", "SegmentationClass")


def voc_pairs(config: Voc, folder: Path, split: str) -> list[Pair]:
    """The pairs that the split's list in ``ImageSets/Segmentation`` names.

    Raises:
        DataError: a folder or the list is missing, or a line is not one name.
    """
    for part in LAYOUT:
        if not (folder / part).is_dir():
            raise DataError(
                f"{folder / part}: no such folder, needed by data set 'voc'",
                hint=f"The folder needs VOC's layout: {', '.join(LAYOUT)}.",
            )
    name = config.train_list if split == "train" else config.val_list
    pairs = []
    for source, line in read_lines(folder / LAYOUT[0] / f"{name}.txt"):
        if len(line.split()) != 1:
            raise DataError(f"{source}: expected one image name, found {len(line.split())} fields")
        image = folder / LAYOUT[1] / f"{line}.jpg"
        pairs.append(Pair(line, image, folder / LAYOUT[2] / f"{line}.png", source))
    return pairs
