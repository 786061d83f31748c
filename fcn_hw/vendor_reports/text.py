"""Reading the tools' text reports: tables drawn with ``|`` and ``+``, cells that may be no numbers.

A row, column or number that is missing is an error that names file and row, never a zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.errors import ReportError

MAX_BYTES = 64 << 20
UNKNOWN = frozenset({"", "-", "?", "undef", "na", "n/a"})
"""What the tools write, in any case of letters, where they have no number."""

_INTEGER = re.compile(r"\d+")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")

Row = dict[str, str]
"""Cells of a row by the titles of their columns."""


def read_bytes(path: Path, stage: str) -> bytes:
    """The contents of a report.

    Args:
        stage: what leaves the report, for the hint.

    Raises:
        ReportError: missing, empty, or larger than :data:`MAX_BYTES`.
    """
    again = f"run {stage} again"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReportError(f"{path}: larger than {MAX_BYTES >> 20} MiB, that is no report")
        data = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}", hint=again) from error
    if not data.strip():
        raise ReportError(f"{path}: is empty", hint=again)
    return data


@dataclass(frozen=True)
class TextReport:
    """A text report, or a part of one.

    Args:
        path: of the file, for messages.
        stage: what leaves the report, for hints: ``"fcn-hw csynth"``.
        lines: without their ends; those of Windows are taken too.
    """

    path: Path
    stage: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, stage: str) -> TextReport:
        """Reads a file.

        Raises:
            ReportError: see :func:`read_bytes`; or it is no text.
        """
        data = read_bytes(path, stage)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ReportError(f"{path}: byte {error.start} is no text") from error
        return cls(path, stage, tuple(text.splitlines()))

    def wrong(self, problem: str) -> ReportError:
        """An error about this file."""
        return ReportError(
            f"{self.path}: {problem}",
            hint=f"run {self.stage} again, to its end; if it stays, this version of the tool "
            "writes another format: please report it with the file",
        )

    def after(self, title: str) -> TextReport:
        """What follows the first line that is ``title``, blanks around it aside.

        Raises:
            ReportError: there is no such line.
        """
        for index, line in enumerate(self.lines):
            if line.strip() == title:
                return TextReport(self.path, self.stage, self.lines[index + 1 :])
        raise self.wrong(f"has no line '{title}'")

    def has(self, text: str) -> bool:
        """Whether a line holds the text."""
        return any(text in line for line in self.lines)

    def tables(self) -> Iterator[list[list[str]]]:
        """Every table: its rows' cells. A table ends at the first line that draws none of it."""
        rows: list[list[str]] = []
        for line in self.lines:
            stripped = line.strip()
            if stripped.startswith("|") and stripped.endswith("|") and len(stripped) > 1:
                rows.append([cell.strip() for cell in stripped[1:-1].split("|")])
            elif not stripped.startswith("+") and rows:
                yield rows
                rows = []
        if rows:
            yield rows

    def table(self, *titles: str) -> list[Row]:
        """The rows under the first header line that has all of these titles.

        Raises:
            ReportError: no table has them, or a row has another number of cells than its header.
        """
        for rows in self.tables():
            for index, header in enumerate(rows):
                if set(titles) <= set(header):
                    return [self._row(header, row) for row in rows[index + 1 :]]
        columns = ", ".join(f"'{title}'" for title in titles)
        raise self.wrong(f"has no table with the columns {columns}")

    def _row(self, header: list[str], row: list[str]) -> Row:
        if len(row) != len(header):
            name = row[0] if row else ""
            raise self.wrong(f"row '{name}' has {len(row)} cells, its header has {len(header)}")
        return dict(zip(header, row, strict=True))

    def cell(self, row: Row, title: str, name: str) -> str:
        """A cell.

        Raises:
            ReportError: the table has no such column.
        """
        if title not in row:
            raise self.wrong(f"row '{name}' has no column '{title}'")
        return row[title]

    def integer(self, text: str, what: str) -> int:
        """A number of things.

        Raises:
            ReportError: it is none, for instance ``-``, ``undef``, ``N/A`` or ``<1``.
        """
        if not _INTEGER.fullmatch(text):
            raise self.wrong(f"{what} is '{text}', no number")
        return int(text)

    def optional_integer(self, text: str, what: str) -> int | None:
        """As :meth:`integer`, but None where the tool says that it does not know."""
        return None if text.lower() in UNKNOWN else self.integer(text, what)

    def decimal(self, text: str, what: str) -> float:
        """A number, which may be negative.

        Raises:
            ReportError: it is none; infinity is none either.
        """
        if not _DECIMAL.fullmatch(text):
            raise self.wrong(f"{what} is '{text}', no number")
        return float(text)
