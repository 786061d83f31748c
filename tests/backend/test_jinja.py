"""Rendering and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fcn_hw.backend import jinja
from fcn_hw.errors import TemplateError
from fcn_hw.fixed import FixedFormat, parse_format


@dataclass(frozen=True)
class Context:
    name: str
    format: FixedFormat = parse_format("fixed<6,2,RND,SAT>")


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(jinja, "data_folder", lambda name: tmp_path)
    jinja._environment.cache_clear()
    yield tmp_path
    jinja._environment.cache_clear()


def test_filters(templates: Path) -> None:
    (templates / "t.j2").write_text("{{ name | c_ident }} {{ format | ap_type }}\n")
    assert jinja.render("t.j2", Context("conv1")) == "conv1 ap_fixed<6, 2, AP_RND, AP_SAT>\n"


def test_tcl_substitutes_nothing(templates: Path) -> None:
    (templates / "t.j2").write_text("set x {{ name | tcl_quote }}")
    found = jinja.render("t.j2", Context('a b $c [d] "e" \\'))
    assert found == 'set x "a b \\$c \\[d\\] \\"e\\" \\\\"'


@pytest.mark.parametrize("name", ["1st", "a-b", "", "double", "a b"])
def test_not_a_cpp_name(templates: Path, name: str) -> None:
    (templates / "t.j2").write_text("{{ name | c_ident }}")
    with pytest.raises(TemplateError) as caught:
        jinja.render("t.j2", Context(name))
    assert str(caught.value) == f"'{name}' can't be a name in C++"


def test_missing_value(templates: Path) -> None:
    (templates / "t.j2").write_text("{{ nmae }}")
    with pytest.raises(TemplateError) as caught:
        jinja.render("t.j2", Context("x"))
    assert str(caught.value) == "template 't.j2': 'nmae' is undefined"


def test_malformed_template(templates: Path) -> None:
    (templates / "t.j2").write_text("line 1\n{% for %}")
    with pytest.raises(TemplateError, match=r"^template 't\.j2' line 2: "):
        jinja.render("t.j2", Context("x"))


def test_missing_template(templates: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        jinja.render("config/conv3d.h.j2", Context("x"))
    assert str(caught.value) == "template 'config/conv3d.h.j2' does not exist"
