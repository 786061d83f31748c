"""Templates of the report, escaped by their environment."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from fcn_hw.backend.jinja import render

FOLDER = "report"


def markup(template: str, context: Any) -> Markup:
    """What a template in ``templates/report`` makes of its context, ready to be put into another.

    Args:
        template: ``"cycles.html.j2"``; it ends in ``.html.j2`` or ``.svg.j2``, so that every value
            is escaped.
        context: a frozen dataclass.

    Raises:
        TemplateError: see :func:`fcn_hw.backend.jinja.render`.
    """
    assert template.endswith((".html.j2", ".svg.j2")), template
    return Markup(render(f"{FOLDER}/{template}", context))  # escaped: see above
