"""Plans for compiling C++ with g++ or clang++."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from fcn_hw.plan import Command, Plan


def plan_compile(
    *,
    sources: Sequence[str],
    program: str,
    flags: Sequence[str] = (),
    link_flags: Sequence[str] = (),
    files: Mapping[str, bytes | str] | None = None,
    compiler: str = "g++",
    timeout_s: float = 1800.0,
) -> Plan:
    """Compiles each source by itself, so they can run side by side; then links them.

    Objects go to ``obj/`` beside the program. Every compilation starts afresh: whether one is
    needed at all is for the caller to know, by the digest of the plan and of the headers.

    Args:
        sources: paths of the translation units, relative to the plan's folder.
        program: path of the executable, relative to the plan's folder.
        flags: for each compilation; relative ``-I`` folders start at the plan's folder.
        link_flags: after the objects, for instance ``-lm``.
        files: contents to write before, sources or headers.
        compiler: a tool's name.
        timeout_s: for each command.
    """
    folder = PurePosixPath(program).parent / "obj"
    objects: dict[str, str] = {}
    for source in sources:
        # The whole path goes into the name: two folders may hold sources of the same name.
        stem = str(PurePosixPath(source).with_suffix("")).replace("/", "-")
        objects[source] = str(folder / f"{stem}.o")
    assert len(set(objects.values())) == len(sources), f"two sources share an object: {sources}"
    compilations = tuple(
        Command(
            name=f"compile-{PurePosixPath(target).stem}",
            argv=(compiler, *flags, "-c", source, "-o", target),
            timeout_s=timeout_s,
            expects=(target,),
        )
        for source, target in objects.items()
    )
    link = Command(
        name=f"link-{PurePosixPath(program).name}",
        argv=(compiler, *objects.values(), "-o", program, *link_flags),
        timeout_s=timeout_s,
        expects=(program,),
    )
    return Plan(files=files or {}, stages=(compilations, (link,)))
