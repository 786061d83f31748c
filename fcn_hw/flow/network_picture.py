"""The picture of a design's processes and FIFOs in the report folder."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.errors import ToolNotFound
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.find import find_tool
from fcn_hw.tools.runner import run, write_files

DOT, SVG = "network.dot", "network.svg"


def write_network_picture(text: str, folder: Path) -> bool:
    """Writes ``network.dot``, and ``network.svg`` where Graphviz's ``dot`` is installed.

    The program is a convenience: without it the text is there for any Graphviz viewer.

    Returns:
        whether ``network.svg`` is current.
    """
    project = folder.parent  # its logs are kept beside those of the other tools
    text_path, picture_path = f"{folder.name}/{DOT}", f"{folder.name}/{SVG}"
    draw = Command("dot", ("dot", "-Tsvg", text_path, "-o", picture_path), 120.0, (picture_path,))
    plan = Plan(files={text_path: text}, stages=((draw,),))
    changed = write_files(plan, project)
    try:
        find_tool("dot")
    except ToolNotFound:
        if changed:
            (folder / SVG).unlink(missing_ok=True)  # it shows an earlier design
        return False
    if changed or not (folder / SVG).is_file():
        run(plan, project)
    return True
