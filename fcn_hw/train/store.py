"""Files of a training run, written so that a kill at any moment leaves the old or the new one.

A checkpoint is one .npz: arrays, and a JSON text for the rest. One file, because weights,
optimizer and epoch must never come from different moments.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``, which replaces ``path`` where no error is raised.

    The temporary file keeps the suffix, by which Keras chooses the file format. ``kill -9`` leaves
    it behind: its name tells of which file.

    Raises:
        OSError: it can't be written, on a full disk say; names ``path``, which stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)  # mkstemp makes it private; give it the mode that open would have given
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        if error.filename is None:
            raise _naming(path, error) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    """Of the names of a file's temporaries: of no other file's, and short, as the file's own name
    may be as long as can be."""
    return f".{hashlib.sha256(path.name.encode()).hexdigest()[:16]}."


def _naming(path: Path, error: OSError) -> OSError:
    """An error of writing that says which file: NumPy's and HDF5's don't, and HDF5's has no
    number either."""
    if error.errno is None:
        return OSError(errno.EIO, f"can't be written, the disk may be full: {error}", str(path))
    return OSError(error.errno, os.strerror(error.errno), str(path))


def save_model(model: Any, path: Path) -> None:
    """Saves a Keras model without its optimizer, atomically."""
    with replacing(path) as temporary, warnings.catch_warnings():
        # Keras calls HDF5 legacy, and doubts QKeras' way to store quantizers; both read back well.
        warnings.simplefilter("ignore", UserWarning)
        model.save(temporary, include_optimizer=False, save_format="h5")


@dataclass(frozen=True)
class Checkpoint:
    """State of a training phase after an epoch.

    Args:
        facts: what JSON can hold: epoch, best score, history, ...
        arrays: lists of arrays by name: weights, optimizer, best weights.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, Sequence[Array]]

    def to_bytes(self, digest: str = "") -> bytes:
        """The content of an .npz file."""
        facts = {
            "digest": digest,
            "counts": {name: len(arrays) for name, arrays in self.arrays.items()},
            "facts": dict(self.facts),
        }
        content: dict[str, Array] = {
            f"{name}_{index}": np.asarray(array)
            for name, arrays in self.arrays.items()
            for index, array in enumerate(arrays)
        }
        content["json"] = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
        save: Callable[..., None] = np.savez
        data = io.BytesIO()
        save(data, **content)
        return data.getvalue()

    @staticmethod
    def from_bytes(data: bytes, digest: str = "") -> Checkpoint | None:
        """Reads what :meth:`to_bytes` wrote; None where it has another digest."""
        with np.load(io.BytesIO(data)) as file:
            facts = json.loads(file["json"].tobytes())
            if facts["digest"] != digest:
                return None
            arrays = {
                name: [file[f"{name}_{index}"] for index in range(count)]
                for name, count in facts["counts"].items()
            }
        return Checkpoint(facts["facts"], arrays)


class CheckpointFile:
    """A checkpoint on disk, valid only for the settings it was made with.

    Args:
        path: of the .npz.
        digest: identifies design and data; a checkpoint of another digest counts as absent.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.path = path
        self.digest = digest

    def save(self, checkpoint: Checkpoint) -> None:
        with replacing(self.path) as temporary:
            temporary.write_bytes(checkpoint.to_bytes(self.digest))

    def load(self) -> Checkpoint | None:
        """The checkpoint; None where there is none, or none for this digest."""
        try:
            return Checkpoint.from_bytes(self.path.read_bytes(), self.digest)
        except FileNotFoundError:
            return None
        except OSError:  # it is there and can't be read: to train from the start would lose it
            raise
        except Exception:  # a damaged file: NumPy, zipfile and json raise whatever they like
            return None

    def discard(self) -> None:
        """Removes it, once nothing needs it, and what processes left that were killed while they
        wrote it. Only its owner may."""
        self.path.unlink(missing_ok=True)
        for left in self.path.parent.glob(f"{_prefix(self.path)}*{self.path.suffix}"):
            left.unlink(missing_ok=True)
