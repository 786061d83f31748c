"""Results as JSON files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.errors import ConfigError
from fcn_hw.results import STRICT, read_result, result_data, write_result


@dataclass(frozen=True, config=STRICT)
class Part:
    name: str
    share: float


@dataclass(frozen=True, config=STRICT)
class Whole:
    parts: tuple[Part, ...]
    counts: dict[str, int]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return sum(self.counts.values())


def test_what_is_written_is_read_and_computed_keys_are_not_fields(tmp_path: Path) -> None:
    whole = Whole((Part("a", 0.5), Part("b", 1.0)), {"x": 3, "y": 4})
    write_result(tmp_path / "whole.json", whole)
    assert read_result(tmp_path / "whole.json", Whole) == whole
    assert result_data(whole)["total"] == 7


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"parts": [], "counts": {"x": "3"}}', "counts.x: Input should be a valid integer"),
        ('{"parts": [{"name": "a"}], "counts": {}}', "parts.0.share: Field required"),
        (
            '{"parts": [{"name": "a", "share": null}], "counts": {}}',
            "parts.0.share: Input should be",
        ),
        ('{"parts": [', "Invalid JSON"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "whole.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_result(path, Whole)
    assert caught.value.message.startswith(f"{path} can't be read: ")
    assert complaint in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: No such file or directory"):
        read_result(tmp_path / "none.json", Whole)
