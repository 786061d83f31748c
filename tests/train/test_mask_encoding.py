"""Masks of 0 and 255, in colour, in one channel: converted as the design says, else refused with
the line that it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from PIL import Image
from pydantic import ValidationError

from fcn_hw.design import CamVid, ListDataset
from fcn_hw.errors import DataError
from fcn_hw.train.datasets import dataset_digest, load_dataset
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.datasets.coverage import class_shares, uneven_classes

INDICES = np.random.default_rng(3).integers(0, 3, (3, 8, 12)).astype(np.uint8)
"""Classes of three masks; two of them are for training."""
RGB = np.array([[0, 0, 0], [200, 10, 0], [0, 90, 255]], np.uint8)
VOID_RGB = np.array([224, 224, 192], np.uint8)

Masks = npt.NDArray[np.uint8]


def config(classes: int = 3, **changes: Any) -> ListDataset:
    names = ["ground", "cell", "wall"][:classes]
    lists = {"train_list": "train.txt", "val_list": "val.txt"}
    section = {"kind": "list", "height": 8, "width": 12, "classes": names, **lists, **changes}
    return ListDataset.model_validate(section)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., DataSet]:
    """Writes three pairs with these masks, (3, 8, 12) or (3, 8, 12, 3), and loads them."""

    def written(masks: Masks, section: ListDataset) -> DataSet:
        for index, mask in enumerate(masks):
            Image.new("RGB", (12, 8)).save(tmp_path / f"{index}.jpg")
            Image.fromarray(mask).save(tmp_path / f"{index}.png")
        (tmp_path / "train.txt").write_text("0.jpg 0.png\n1.jpg 1.png\n")
        (tmp_path / "val.txt").write_text("2.jpg 2.png\n")
        return load_dataset(section, root=tmp_path)

    return written


def refused(load: Callable[..., DataSet], masks: Masks, section: ListDataset) -> DataError:
    with pytest.raises(DataError) as caught:
        load(masks, section)
    return caught.value


def suggested(error: DataError) -> dict[str, Any]:
    """What the hint's line says, as YAML reads it."""
    found = re.search(r"write in section dataset: (masks: \{.*?\})(,|$)", error.hint or "")
    assert found is not None, error.hint
    line: dict[str, Any] = yaml.safe_load(found[1])
    return line


def as_channel(values: Masks, channel: int) -> Masks:
    found = np.zeros((*values.shape, 3), np.uint8)
    found[..., channel] = values
    return found


@pytest.mark.parametrize(
    ("masks", "classes", "line"),
    [
        (INDICES // 2 * 255, 2, {"values": [0, 255]}),
        (INDICES * 100, 3, {"values": [0, 100, 200]}),
        (RGB[INDICES], 3, {"values": RGB.tolist()}),
        (as_channel(INDICES, 0), 3, {"channel": "red"}),
        (as_channel(INDICES, 2), 3, {"channel": "blue"}),
        (np.stack([INDICES] * 3, -1), 3, {"channel": "red"}),
        (np.stack([INDICES // 2 * 255] * 3, -1), 2, {"channel": "red", "values": [0, 255]}),
    ],
)
def test_refused_with_the_line_that_makes_it_right(
    load: Callable[..., DataSet], masks: Masks, classes: int, line: dict[str, Any]
) -> None:
    """The line of the hint, written as it stands, loads the classes that were drawn."""
    expected = INDICES // 2 if classes == 2 else INDICES
    found = suggested(refused(load, masks, config(classes)))
    if "values" in line and isinstance(line["values"][0], list):
        assert sorted(found["masks"].pop("values")) == sorted(line["values"])  # any order
        found["masks"]["values"] = line["values"]
    assert found == {"masks": line}
    data = load(masks, config(classes, **found))
    assert (data.train.masks == expected[:2]).all() and (data.val.masks == expected[2:]).all()


def test_masks_of_0_and_255_do_not_become_void(load: Callable[..., DataSet]) -> None:
    error = refused(load, INDICES // 2 * 255, config(2))
    assert error.message == "data set 'list': no training mask has a pixel of class 'cell'"
    assert error.hint == (
        "if 255 is a class and not void, write in section dataset: masks: {values: [0, 255]}, in "
        "the order of dataset.classes\ntake it out of dataset.classes"
    )
    error = refused(load, INDICES // 2 * 255, config(2, void=None))
    assert "mask value 255 is no class; allowed are 0 to 1" in error.message
    assert suggested(error) == {"masks": {"values": [0, 255]}}


def test_a_class_that_no_training_mask_holds(load: Callable[..., DataSet]) -> None:
    masks = INDICES.copy()
    masks[:2][masks[:2] == 2] = 0
    error = refused(load, masks, config(3, train_limit=2))
    assert error.message == "data set 'list': no training mask has a pixel of class 'wall'"
    assert error.hint == "take it out of dataset.classes\nraise dataset.train_limit"
    assert "of classes 'cell', 'wall'" in refused(load, masks * 0, config(3)).message


def test_void_beside_values_and_colours(load: Callable[..., DataSet]) -> None:
    hidden = INDICES.copy()
    hidden[:, 0] = 255
    grey = np.where(hidden == 255, 255, INDICES * 50).astype(np.uint8)
    data = load(grey, config(masks={"values": [0, 50, 100]}))
    assert (data.train.masks == hidden[:2]).all()
    grey[:, 0] = 7
    data = load(grey, config(masks={"values": [0, 50, 100], "void": 7}))
    assert (data.train.masks == hidden[:2]).all()
    colours = RGB[INDICES]
    colours[:, 0] = VOID_RGB
    data = load(colours, config(masks={"values": RGB.tolist(), "void": VOID_RGB.tolist()}))
    assert (data.train.masks == hidden[:2]).all()


def test_a_palette_file_counts_by_colour_where_classes_are_colours(
    load: Callable[..., DataSet], tmp_path: Path
) -> None:
    section = config(masks={"values": RGB.tolist()})
    load(RGB[INDICES], section)
    palette = Image.fromarray(INDICES[0] + 7, "P")
    palette.putpalette([0] * 21 + RGB.ravel().tolist())
    palette.save(tmp_path / "0.png")
    assert (load_dataset(section, root=tmp_path).train.masks[0] == INDICES[0]).all()


@pytest.mark.parametrize(
    ("masks", "section", "message"),
    [
        (INDICES * 100, {"values": [0, 100, 201]}, "mask value 200 is none of dataset.masks.val"),
        (RGB[INDICES], {"values": [[0, 0, 0], [1, 1, 1], [0, 90, 255]]}, "value [200, 10, 0] is"),
        (RGB[INDICES], {"values": [0, 100, 200]}, "mode is RGB, dataset.masks names grey values"),
        (as_channel(INDICES + 1, 1), {"channel": "green"}, "mask value 3 is no class; allowed"),
    ],
)
def test_what_the_design_does_not_name(
    load: Callable[..., DataSet], masks: Masks, section: dict[str, Any], message: str
) -> None:
    error = refused(load, masks, config(masks=section))
    assert message in error.message and ".png: " in error.message
    assert "masks" in suggested(error)


def test_other_numbers_of_values_than_names(load: Callable[..., DataSet]) -> None:
    assert refused(load, INDICES, config(2)).hint == (
        "the masks hold the values 0 to 2: name each in dataset.classes"
    )
    assert refused(load, INDICES * 9, config(2)).hint == (
        "the masks hold 3 values, dataset.classes has 2 names; one name a value, and write in "
        "section dataset: masks: {values: [0, 9, 18]}"
    )
    smooth = np.random.default_rng(1).integers(0, 256, (3, 8, 12, 3)).astype(np.uint8)
    assert refused(load, smooth, config(3)).hint == (
        "the masks hold more than 19 values, as pictures with smooth edges do; store them as PNG, "
        "drawn and scaled without smoothing"
    )


def test_a_data_set_whose_classes_are_given_has_no_such_line(load: Callable[..., DataSet]) -> None:
    section = CamVid(kind="camvid", path=".", height=8, width=12)
    with pytest.raises(DataError) as caught:
        load(RGB[INDICES], section)  # type: ignore[arg-type]
    assert caught.value.hint == (
        "Store masks as 8-bit grey or palette PNG whose values are class indices."
    )


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({}, "give values, or the channel of an RGB file"),
        ({"values": [0, [1, 2, 3], 4]}, "all numbers, or all [red, green, blue]"),
        ({"values": [0, 7, 7]}, "7 is there twice"),
        ({"values": [0, 7, 8], "void": 7}, "7 is there twice"),
        ({"values": [0, 7, 8], "void": [0, 0, 0]}, "all numbers, or all [red, green, blue]"),
        ({"values": RGB.tolist(), "channel": "red"}, "values of channel red are numbers"),
        ({"values": [0, 7]}, "masks.values has 2 values, classes has 3 names"),
        ({"values": [0, 7, 256]}, "less than or equal to 255"),
        ({"channel": "alpha"}, "'red', 'green' or 'blue'"),
    ],
)
def test_sections_that_say_nothing_clear(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        config(masks=section)
    with pytest.raises(ValidationError, match=r"masks\.void needs void"):
        config(masks={"values": [0, 1, 2], "void": 9}, void=None)


def test_another_encoding_is_another_data_set(load: Callable[..., DataSet], tmp_path: Path) -> None:
    load(INDICES, config())
    digests = [
        dataset_digest(config(masks=masks), root=tmp_path)
        for masks in (None, {"values": [0, 1, 2]}, {"values": [2, 1, 0]})
    ]
    assert len(set(digests)) == 3
    assert dataset_digest(config(), root=tmp_path) == digests[0]


def test_shares_are_of_the_pixels_that_count(load: Callable[..., DataSet]) -> None:
    masks = np.zeros((3, 8, 12), np.uint8)
    masks[:, 0, :6] = 1
    masks[:, 1] = 255
    data = load(masks, config(2))
    assert class_shares(data) == (
        "training pixels: ground 92.86 %, cell 7.14 %; void are 12.50 % of all pixels"
    )
    assert uneven_classes(data) == ""
    masks[:, 0, 1:6] = 0
    assert uneven_classes(load(masks, config(2))) == (
        "'ground' has 83 times the pixels of 'cell'; where rare classes are missed, try "
        "training.class_weights: 0.5"
    )
