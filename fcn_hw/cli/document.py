"""``docs/command-line.md``, from the application itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from fcn_hw.cli.entry import app

_HEAD = """# Command line

Made from the code: `python -m pytest tests/cli/test_document.py --update-golden`.

`fcn-hw VERB --help` says the same in the terminal. The functions of `import fcn_hw` do the same in
Python: see `examples/` and `fcn_hw/api.py`.

## What holds for every verb

**Exit status.** Scripts can rely on it:

| status | means |
|---|---|
| 0 | done; what was checked holds |
| 1 | a check failed: a code differs, a design does not fit, two things differ |
| 1 | a tool failed, the disk is full, or another run is at work in the folder |
| 2 | a mistake in what was given: a design, board, file, option or folder |
| 130 | interrupted by Ctrl-C |

An error is one line on standard error, `error: ...`, with a second one that says what to do.

**`--json`** puts one JSON document on standard output and nothing else there. Where a verb fails
because of a mistake, standard output stays empty.

**Progress bars** are drawn in a terminal only. In a pipe or a log there is a line a stage.

**Designs** are names below `hls_projects/` of `--root` (the current folder), or paths of a
`design.yaml`.

**Runs that are cut off** lose at most the file that they were writing: a file gets its name when it
is whole, and a stage is recorded with the digests of its files when all are there. Run the verb
again; what is finished is kept, what is damaged is made again.

**What has changed is made again**, with all that stands on it: settings, data, files, and fcn_hw's
own code as far as a stage reaches it by imports. A finished training is repeated only after a line
that says what changed and what the last one took; with `--no-train` the verb stops there. What you
edited in a project is never lost: see [the questions](faq.md#runs-and-what-they-leave).

**Two runs at once.** A stage that writes to a folder locks it, the second run ends with exit
status 1 and names the process that is at work. The lock is the kernel's: a run that died holds
none. Runs for two boards don't meet, once the design is trained and exported.

**Limits.** Names have 128 characters at most, so that every file name fits. A graph has 10,000 ops
at most, its weights 1 GiB. What does not fit a board is refused with the resource that lacks.

## Completion

    fcn-hw --install-completion        # bash, zsh, fish or PowerShell: the shell that runs
    fcn-hw --show-completion           # the script, to look at or to install by hand

Then Tab completes verbs, options, names of designs and of boards.
"""


def command_line_markdown() -> str:
    """The document."""
    group: Any = typer.main.get_command(app)
    parts = [_HEAD, "## Verbs\n"]
    rows = (
        f"| [`{name}`](#{name}) | {item.rich_help_panel} | {_first(item.help)} |"
        for name, item in _verbs(group)
    )
    parts.append("\n".join(["| verb | | |", "|---|---|---|", *rows, ""]))
    parts += [_verb(name, item) for name, item in _verbs(group)]
    return "\n".join(parts)


def _verbs(group: Any) -> list[tuple[str, Any]]:
    return [(name, group.commands[name]) for name in group.list_commands(None)]


def _verb(name: str, item: Any) -> str:
    arguments = [param for param in item.params if param.param_type_name == "argument"]
    options = [param for param in item.params if param.param_type_name == "option"]
    words = [_argument(param) for param in arguments]
    usage = " ".join(["fcn-hw", name, *words, "[OPTIONS]"])
    lines = [f"### {name}", "", f"    {usage}", "", item.help.strip(), ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| `{_cell(_argument(param))}` | {_cell(param.help)} |" for param in arguments]
    lines += [f"| {_spelled(param)} | {_cell(param.help)} |" for param in options]
    lines += ["", *_examples(item.epilog or ""), ""]
    return "\n".join(lines)


def _argument(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required else f"[{name}]"


def _spelled(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    if param.is_flag:
        return names
    return f"{names} `{_cell(param.metavar or param.name.upper())}`"


def _examples(epilog: str) -> Iterator[str]:
    for example in epilog.partition(":")[2].split(";"):
        if example.strip():
            yield f"    {example.strip()}"


def _first(text: str) -> str:
    return _cell(text.strip().split("\n\n", maxsplit=1)[0].replace("\n", " "))


def _cell(text: str) -> str:
    return (text or "").replace("|", "\\|")
