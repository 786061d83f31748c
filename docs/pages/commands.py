"""The verbs of ``fcn-hw``, from the application that runs them."""

from __future__ import annotations

from typing import Any

import typer

from fcn_hw.cli import app
from pages.markdown import from_docstring, table


def commands_markdown() -> str:
    """Every verb: what it does, how it is called, its options."""
    group: Any = typer.main.get_command(app)
    return "\n".join(_verb(name, command) for name, command in group.commands.items())


def _verb(name: str, command: Any) -> str:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option"]
    usage = " ".join(["fcn-hw", name, *(_argument(item) for item in arguments), "[OPTIONS]"])
    parts = [f"## {name}", from_docstring(command.help or ""), f"```text\n{usage}\n```"]
    rows = [(f"`{item.name.upper()}`", _help(item)) for item in arguments if _help(item)] + [
        (_spelling(item), _help(item)) for item in options
    ]
    if rows:
        parts.append(table(("argument or option", "meaning"), rows))
    if command.epilog:
        head, _, calls = command.epilog.partition(": ")
        lines = "\n".join(call.strip() for call in calls.split("; "))
        parts.append(f"{head}:\n\n```text\n{lines}\n```")
    return "\n\n".join(parts) + "\n"


def _argument(item: Any) -> str:
    name = item.name.upper()
    return name if item.required else f"[{name}]"


def _spelling(item: Any) -> str:
    value = "" if item.is_flag else f" {_metavar(item)}"
    on = ", ".join(f"`{text}{value}`" for text in item.opts)
    off = ", ".join(f"`{text}`" for text in item.secondary_opts)
    return f"{on} / {off}" if off else on


def _metavar(item: Any) -> str:
    return item.metavar or item.opts[0].lstrip("-").upper().replace("-", "_")


def _help(item: Any) -> str:
    text = from_docstring(item.help or "")
    if item.required:
        return f"{text} Must be given." if item.param_type_name == "option" else text
    default = item.default
    if item.param_type_name == "argument" or default in (None, False, (), []) or callable(default):
        return text
    shown = item.show_default if isinstance(item.show_default, str) else default
    if item.is_flag:
        shown = (item.opts if default else item.secondary_opts)[0]
    return f"{text} Default: `{shown}`."
