"""How every chart is drawn: one style, no display, no global state, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "fcn_hw",  # identifiers do not change from run to run
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,  # a name may hold a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_PNG_DPI = 150


def draw_svg(draw: Callable[[Figure], None], width_in: float, height_in: float) -> str:
    """The text of an SVG file.

    Args:
        draw: fills the figure, which is empty.
        width_in, height_in: size of the figure, in inches.
    """
    return _draw(draw, width_in, height_in, "svg").decode()


def draw_png(draw: Callable[[Figure], None], width_in: float, height_in: float) -> bytes:
    """The content of a PNG file; see :func:`draw_svg`."""
    return _draw(draw, width_in, height_in, "png")


def _draw(draw: Callable[[Figure], None], width_in: float, height_in: float, kind: str) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width_in, height_in), layout="constrained", dpi=_PNG_DPI)
        draw(figure)
        data = BytesIO()
        undated = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
        figure.savefig(data, format=kind, metadata=undated)
    return data.getvalue()
