"""Where the compiled engine is kept, and what happens without a compiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dataflow_graphs import random_folds, small_skip_graph

from fcn_hw.dataflow import engine
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import ConfigError, ToolNotFound

GRAPH = small_skip_graph(0)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache; the library that other tests use is loaded again afterwards."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine._library.cache_clear()
    yield tmp_path
    engine._library.cache_clear()


def size() -> None:
    size_fifos(lower(GRAPH), random_folds(GRAPH, 0))


@pytest.mark.gxx
def test_the_engine_is_compiled_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size()
    digest, library = sorted((fresh / "fcn_hw").iterdir(), key=lambda path: path.suffix)
    assert digest.suffix == ".sha256"
    assert library.name.startswith("engine-") and library.suffix == ".so"
    # found again without a compiler
    engine._library.cache_clear()
    monkeypatch.setenv("PATH", str(fresh))
    size()


def test_without_a_compiler_the_error_says_what_to_install(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(fresh))
    monkeypatch.delenv("FCN_HW_GXX", raising=False)
    with pytest.raises(ToolNotFound) as caught:
        size()
    assert str(caught.value) == "'g++' was not found on PATH"
    assert list((fresh / "fcn_hw").iterdir()) == []
    monkeypatch.setenv("FCN_HW_GXX", "nowhere")
    with pytest.raises(ConfigError, match="FCN_HW_GXX is 'nowhere'"):
        size()


@pytest.mark.gxx
def test_a_cache_that_can_not_be_written_is_not_used(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fresh / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(fresh / "file"))
    size()
