"""What a study has found out, in a file by the digest of all that it depends on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fcn_hw.files import replace_file


def kept(path: Path, digest: str) -> dict[str, Any] | None:
    """The result that is kept; None where there is none of this digest, or it can't be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["digest"] == digest and isinstance(found["result"], dict):
            return dict(found["result"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def keep(path: Path, digest: str, result: dict[str, Any]) -> None:
    """Keeps a result: what JSON can hold, without NaN."""
    content = {"digest": digest, "result": result}
    replace_file(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
