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
    text_path, drawn_path = f"{folder.name}/{DOT}", f"{folder.name}/.{SVG}"
    # dot can be killed halfway: the picture gets its name when it is whole
    draw = Command("dot", ("dot", "-Tsvg", text_path, "-o", drawn_path), 120.0, (drawn_path,))
    plan = Plan(files={text_path: text}, stages=((draw,),))
    drawn = folder / DOT
    if not (drawn.is_file() and drawn.read_text(encoding="utf-8") == text):
        (folder / SVG).unlink(missing_ok=True)  # it shows an earlier design
    write_files(plan, project)
    try:
        find_tool("dot")
    except ToolNotFound:
        return False
    if not (folder / SVG).is_file():
        run(plan, project)
        (folder / f".{SVG}").replace(folder / SVG)
    return True
