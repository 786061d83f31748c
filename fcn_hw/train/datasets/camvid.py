"""``camvid``: CamVid in the 11 classes of SegNet.

Brostow, Shotton, Fauqueur, Cipolla, ECCV 2008; classes and lists as in Badrinarayanan, Kendall,
Cipolla, "SegNet" (folders ``train``, ``trainannot``, ``val``, ``valannot``, and a list for each
split). The licence of the data allows personal and research use only.
"""

from __future__ import annotations

from pathlib import Path

from fcn_hw.train.datasets.listed import read_pairs
from fcn_hw.train.datasets.pairs import Pair

CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
VOID = 11


def camvid_pairs(folder: Path, split: str) -> list[Pair]:
    """The pairs that ``train.txt`` or ``val.txt`` lists.

    Raises:
        DataError: the list is missing, empty or malformed.
    """
    return read_pairs(folder / f"{split}.txt", folder)
