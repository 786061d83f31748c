"""A chart of ``fcn_hw.figures`` inside the page: the same SVG text, as an image."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.report.render import markup


@dataclass(frozen=True)
class _Chart:
    """The context of ``chart.html.j2``."""

    source: str
    description: str


def chart(svg: str, description: str) -> Markup:
    """The element that shows a chart; on a narrow screen it scrolls.

    Args:
        svg: text of an SVG file. As an image, its identifiers and styles meet no others.
        description: what the chart says, for a reader who does not see it.
    """
    data = base64.b64encode(svg.encode()).decode()
    return markup("chart.html.j2", _Chart(f"data:image/svg+xml;base64,{data}", description))
