"""Plans for compiling C++."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.errors import ToolFailed
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

FILES = {
    "src/main.cpp": '#include "twice.h"\nint main() { return twice(21) == 42 ? 0 : 1; }\n',
    "src/twice.cpp": '#include "twice.h"\nint twice(int x) { return FACTOR * x; }\n',
    "include/twice.h": "int twice(int x);\n",
}


def plan(flags: tuple[str, ...] = ("-Iinclude", "-DFACTOR=2")) -> Plan:
    return plan_compile(
        files=FILES, sources=("src/main.cpp", "src/twice.cpp"), program="build/main", flags=flags
    )


def test_the_plan() -> None:
    compilations, links = plan(flags=("-O2",)).stages
    assert [command.argv for command in compilations] == [
        ("g++", "-O2", "-c", "src/main.cpp", "-o", "build/obj/src-main.o"),
        ("g++", "-O2", "-c", "src/twice.cpp", "-o", "build/obj/src-twice.o"),
    ]
    assert [command.expects for command in compilations] == [
        ("build/obj/src-main.o",), ("build/obj/src-twice.o",),
    ]  # fmt: skip
    (link,) = links
    assert link.argv == (
        "g++", "build/obj/src-main.o", "build/obj/src-twice.o", "-o", "build/main",
    )  # fmt: skip
    assert link.expects == ("build/main",)


def test_sources_of_one_name_do_not_collide() -> None:
    both = plan_compile(sources=("a/x.cpp", "b/x.cpp"), program="p", compiler="clang++")
    assert [command.argv[-1] for command in both.stages[0]] == ["obj/a-x.o", "obj/b-x.o"]
    with pytest.raises(AssertionError, match="two sources share an object"):
        plan_compile(sources=("a/x.cpp", "a-x.cpp"), program="p")


@pytest.mark.gxx
def test_it_compiles_links_and_runs(tmp_path: Path) -> None:
    results = run(plan(), tmp_path, jobs=2)
    assert [result.command.name for result in results] == [
        "compile-src-main", "compile-src-twice", "link-main",
    ]  # fmt: skip
    run(Plan(stages=((Command("main", ("build/main",), 5),),)), tmp_path)


@pytest.mark.gxx
def test_a_compile_error_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as caught:
        run(plan(flags=("-Iinclude",)), tmp_path)
    assert str(caught.value) == "'g++' failed: exit status 1"
    assert "FACTOR" in caught.value.tail
    assert caught.value.log == tmp_path / "logs/compile-src-twice.log"
    assert not (tmp_path / "build/main").exists()
