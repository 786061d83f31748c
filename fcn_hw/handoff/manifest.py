"""``MANIFEST.json``: what a bundle is and what each of its files holds.

It is read as untrusted input: every field has a type, and what can be computed from the graph in
the bundle is computed and compared (:mod:`fcn_hw.handoff.verify`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fcn_hw.backend.axi_interface import AxiInterface, AxiPort
from fcn_hw.errors import BundleError
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels
from fcn_hw.ops import Fold

MANIFEST = "MANIFEST.json"
AP_TYPES = "third_party/ap_types"
GRAPH, INPUTS, LAYERS = "graph", "golden/inputs", "golden/layers"
"""Folders of a bundle."""
ABSENT = "absent"
"""Stands for a file that a stage would leave that has not run."""
SCHEMA_VERSION = 4
"""Raised with every change that an older reader would misunderstand."""

MAX_MANIFEST_BYTES = 16 << 20
MAX_FRAMES = 1000

Text = Annotated[str, Field(max_length=1000)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, lt=1 << 62)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FileEntry(_Section):
    """A file: its SHA-256 and its size."""

    sha256: Digest
    bytes: Count


class PortEntry(_Section):
    """A stream of the IP, what a frame of it is, and what a code stands for."""

    name: Text
    tensor: Text
    shape: list[Count]
    format: Text
    data_width_bits: Count
    bytes_per_element: Count
    bytes_per_frame: Count
    beats_per_frame: Count
    meaning: Text


class RegisterEntry(_Section):
    """A register of ``s_axi_control``."""

    name: Text
    offset: Count
    access: Text
    meaning: Text


class LayerEntry(_Section):
    """A tensor with golden codes in ``golden/layers/<tensor>.bin``."""

    tensor: Text
    shape: list[Count]
    format: Text


class ClassEntry(_Section):
    """A class, and its colour: red, green, blue."""

    name: Text
    colour: Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=3, max_length=3)]


class LabelsEntry(_Section):
    """A :class:`fcn_hw.ir.labels.Labels`, and what the channels of each input are.

    Args:
        classes: of each class map, by the output's tensor.
        channels: ``RGB``, ``BGR`` or ``grey``, by the input's tensor.
    """

    classes: dict[Text, list[ClassEntry]]
    fit: Literal["resize", "crop", "pad"]
    channels: dict[Text, Text]


class FoldEntry(_Section):
    """A :class:`fcn_hw.ops.Fold`, and hls4ml's strategy: where the weights of the layer are."""

    pe: Count
    simd: Count
    taps: Count
    lanes: Count
    lut_pe: Count
    strategy: Text

    @property
    def fold(self) -> Fold:
        return Fold(self.pe, self.simd, self.taps, self.lanes, self.lut_pe)


class Structure(_Section):
    """What the estimate stands on besides graph and board.

    Args:
        folds: of every layer that has one, by its name.
        fifo_depths: pixels, by the name of the stream.
    """

    folds: dict[Text, FoldEntry]
    fifo_depths: dict[Text, Count]


class Expected(_Section):
    """What the design should need and reach: a model, not a measurement."""

    interval_cycles: Count
    critical_path_cycles: Count
    frames_per_s: float
    dsp: Count
    bram36: float
    lut: Count
    ff: Count


class Manifest(_Section):
    """The manifest.

    Args:
        top: function of synthesis, name of the IP.
        git_commit: of fcn_hw's source tree, or ``unknown``.
        tools: versions of what made the bundle, by name.
        frames: golden frames.
        labels: None where the network gives no class map or takes no images.
        vendor: what came from a vendor tool, by what it is: a file's path, or ``absent``.
        files: every other file of the bundle.
        manifest_sha256: of this file as it is with this field empty.
    """

    schema_version: int
    design: Text
    board: Text
    part: Text
    clock_period_ns: float
    top: Text
    control: Text
    graph_digest: Digest
    git_commit: Text
    tools: dict[Text, Text]
    inputs: list[PortEntry]
    outputs: list[PortEntry]
    registers: list[RegisterEntry]
    frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)]
    layers: list[LayerEntry]
    structure: Structure
    expected: Expected
    labels: LabelsEntry | None
    vendor: dict[Text, Text]
    files: dict[Text, FileEntry]
    manifest_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


def to_bytes(manifest: Manifest) -> bytes:
    """The file's bytes; one form for the same contents, with its own checksum."""
    data = manifest.model_dump(mode="json")
    checksum = hashlib.sha256(_text({**data, "manifest_sha256": ""})).hexdigest()
    return _text({**data, "manifest_sha256": checksum})


def from_bytes(raw: bytes) -> Manifest:
    """Reads a manifest.

    Raises:
        BundleError: not JSON, another schema, a field that is missing, unknown or wrong, or not
            the bytes that :func:`to_bytes` makes.
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{MANIFEST} has {len(raw):,} bytes, the limit is {MAX_MANIFEST_BYTES:,}")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MANIFEST} is not JSON: {error}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise BundleError(
            f"{MANIFEST} has schema_version {version!r}, this fcn_hw reads {SCHEMA_VERSION}",
            hint="Verify the bundle with the fcn_hw that made it.",
        )
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{MANIFEST}: {where}: {first['msg']}") from error
    if raw != to_bytes(manifest):
        raise BundleError(f"{MANIFEST} was changed: its manifest_sha256 is another")
    return manifest


def file_entries(files: Mapping[str, bytes]) -> dict[str, FileEntry]:
    """The entries of files."""
    return {
        name: FileEntry(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        for name, data in sorted(files.items())
    }


def labels_entry(labels: Labels | None) -> LabelsEntry | None:
    """Labels as the manifest has them."""
    if labels is None:
        return None
    return LabelsEntry(
        classes={
            output: [ClassEntry(name=item.name, colour=list(item.colour)) for item in classes]
            for output, classes in labels.classes.items()
        },
        fit=labels.fit,  # type: ignore[arg-type]
        channels=dict(labels.channels),
    )


def interface_fields(graph: Graph, interface: AxiInterface) -> dict[str, Any]:
    """The fields that follow from the graph and its interface."""
    return {
        "design": graph.name,
        "top": interface.top,
        "control": interface.control,
        "inputs": [_port(port) for port in interface.inputs],
        "outputs": [_port(port) for port in interface.outputs],
        "registers": [
            RegisterEntry(
                name=item.name, offset=item.offset or 0, access=item.access, meaning=item.meaning
            )
            for item in interface.registers
        ],
        "layers": [
            LayerEntry(tensor=op.name, shape=list(op.output.shape), format=str(op.output.format))
            for op in graph.computed
        ],
    }


def _text(data: dict[str, Any]) -> bytes:
    return f"{json.dumps(data, indent=1, sort_keys=True)}\n".encode()


def _port(port: AxiPort) -> PortEntry:
    return PortEntry(
        name=port.name,
        tensor=port.tensor,
        shape=list(port.shape),
        format=str(port.format),
        data_width_bits=port.data_width_bits,
        bytes_per_element=port.bytes_per_element,
        bytes_per_frame=port.bytes_per_frame,
        beats_per_frame=port.beats_per_frame,
        meaning=port.meaning,
    )
