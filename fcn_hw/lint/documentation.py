"""The table of rules in docs/lint.md."""

from __future__ import annotations

from fcn_hw.lint.rules import all_rules

BEGIN, END = "<!-- rules: generated from the registry -->", "<!-- end of rules -->"


def rule_table() -> str:
    """The rules as a table of Markdown, with the marks around it."""
    lines = [
        BEGIN,
        "",
        "| rule | severity | what it demands | looked at | source |",
        "|---" * 5 + "|",
    ]
    lines += [
        f"| `{rule.id}` | {rule.severity.value} | {rule.title} | {rule.scope} | {rule.source} |"
        for rule in all_rules()
    ]
    return "\n".join([*lines, "", END])


def with_current_table(text: str) -> str:
    """A page whose table of rules is that of the registry."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{rule_table()}{after}"
