"""What a colour means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """An entry of a legend."""

    name: str
    colour: str
