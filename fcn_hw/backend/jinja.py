"""Rendering of templates: a missing value is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from fcn_hw.errors import TemplateError
from fcn_hw.fixed import FixedFormat
from fcn_hw.reserved_words import is_reserved
from fcn_hw.resources import data_folder

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def render(template: str | Path, context: Any) -> str:
    """The text of a template.

    Args:
        template: its path below ``templates/``, for instance ``"config/conv2d.h.j2"``, or that of a
            file outside the package.
        context: a dataclass, whose fields the template sees by name, or a mapping.

    Raises:
        TemplateError: the template does not exist, is malformed, or uses a name that the context
            lacks.
    """
    folder, name = data_folder("templates"), str(template)
    if isinstance(template, Path) and template.is_relative_to(folder):
        name = str(template.relative_to(folder))
    values = (
        context
        if isinstance(context, Mapping)
        else {field.name: getattr(context, field.name) for field in fields(context)}
    )
    try:
        return _environment().get_template(name.lstrip("/")).render(values)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"template '{name}' does not exist") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"template '{name}' line {error.lineno}: {error.message}") from error
    except jinja2.UndefinedError as error:
        raise TemplateError(f"template '{name}': {error.message}") from error


def ap_type(fmt: FixedFormat) -> str:
    """``ap_fixed<6, 2, AP_RND_CONV, AP_SAT>``."""
    return fmt.ap_type


def c_ident(name: str) -> str:
    """The name, if C++ takes it for an identifier.

    Raises:
        TemplateError: it is a keyword or no identifier.
    """
    if not _IDENTIFIER.fullmatch(name) or is_reserved(name):
        raise TemplateError(f"'{name}' can't be a name in C++")
    return name


def tcl_quote(text: str) -> str:
    """The text as one Tcl word in which nothing is substituted."""
    return '"' + re.sub(r'([\\"$\[\]])', r"\\\1", text) + '"'


def _is_markup(template: str | None) -> bool:
    """HTML and SVG escape what is put into them."""
    return template is not None and template.endswith((".html.j2", ".svg.j2"))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(data_folder("templates")), "/"]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=_is_markup,  # not C++ and Tcl
    )
    environment.filters.update(ap_type=ap_type, c_ident=c_ident, tcl_quote=tcl_quote)
    return environment
