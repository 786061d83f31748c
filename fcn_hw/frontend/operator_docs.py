"""``docs/operators.md``, from the tables that the exporter works by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fcn_hw.frontend.activation_layers import RISING
from fcn_hw.frontend.activations import QUANTIZERS
from fcn_hw.frontend.constants import WEIGHT_QUANTIZERS
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.qonnx.nodes import NODES, QONNX_NODES
from fcn_hw.frontend.qonnx.nodes import REFUSED as QONNX_REFUSED
from fcn_hw.frontend.qonnx.quantizers import ROUNDING_MODES
from fcn_hw.ops import OPS
from fcn_hw.ops.input import Input

_HEAD = """# Operators

Made from the code: `python -m pytest tests/frontend/test_operator_docs.py --update-golden`.

Two promises are kept apart everywhere:

- **Graph = C++**, always, in every bit. Every op of the graph has an integer oracle and a header,
  and the C simulation compares every tensor.
- **model = graph**, by layer, for a QKeras model and for a QONNX file:
  - *exact*: float32 does the same integer arithmetic without rounding;
  - *proved*: float layers and a quantizer behind them are a step function of an integer; the own
    code of QKeras, or of qonnx and onnxruntime, was evaluated at every code that the integer can
    have, or at both sides of every step;
  - *measured*: the model rounds on the way, or no quantizer follows and a stated format stands for
    the float values. `fcn-hw export --model M --output DIR --check IMAGES` says how many codes
    differ.
- What can't be expressed is **refused** by the layer's name, with the reason and what to use
  instead; all problems of a model in one message.

A layer in an exact row becomes *measured* where a layer before it is, or where a sum needs more
than the 24 bits of float32.
"""

_FUNCTIONS = """Other functions that never fall and are nowhere steeper than 1 may stand in front of
a quantizer: {}.
Nested `Functional` and `Sequential` models are unfolded; a shared layer is emitted once for each
call; a model may have several outputs.
"""

_BIASES = """A bias without quantizer is taken: as codes where they are short, else into the step
function of the quantizer behind it.
"""

_OTHERS = """Refused too: custom classes and functions, float weights off every grid,
`channels_first`, dynamic shapes, groups, unknown quantizers. A model file that names code is not
loaded.
"""


_QONNX = """`fcn-hw export --model NET.onnx` takes opsets 9 to 21, images as (1, channels, height,
width) of a fixed size, weights as constants in the file or beside it. How to:
[from PyTorch](howto/from-pytorch.md).
"""

_SCALES = """A scale that is no power of two goes into the next scale and bias, thresholds or table.
There float32 adds rounded products in an order of its own: where codes lie so near to a tie that
this could matter, the layer is *measured*, else *proved*. Images of one scale are added, compared
and concatenated as codes. Rounding modes: {}; `ROUND_TO_ZERO` is `DOWN`. A zero point other than 0
is refused. Arithmetic of constants is computed while the file is read.
"""


def operators_markdown() -> str:
    """The whole document."""
    sections = [
        _HEAD,
        "## Layers of Keras and QKeras\n",
        _table(
            ("layer", "model = graph", "how, and its limits"),
            ((f"`{name}`", rule.status, rule.note) for name, rule in LAYERS.items()),
        ),
        _FUNCTIONS.format(", ".join(f"`{name}`" for name in sorted(RISING))),
        "## Activation quantizers\n",
        _table(
            ("quantizer", "model = graph", "in hardware"),
            ((f"`{name}`", rule.status, rule.note) for name, rule in QUANTIZERS.items()),
        ),
        "## Weight and bias quantizers\n",
        _table(
            ("quantizer", "model = graph", "how"),
            ((f"`{name}`", *row) for name, row in WEIGHT_QUANTIZERS.items()),
        ),
        _BIASES,
        "## Refused, and what to use instead\n",
        _table(("layer", "instead"), ((f"`{name}`", hint) for name, hint in REFUSED.items())),
        _OTHERS,
        "## Operators of QONNX files\n",
        _QONNX,
        _table(
            ("operator", "model = graph", "how, and its limits"),
            ((f"`{name}`", rule.status, rule.note) for name, rule in (QONNX_NODES | NODES).items()),
        ),
        _SCALES.format(", ".join(f"`{name}`" for name in ROUNDING_MODES)),
        "## QONNX operators that are refused\n",
        _table(
            ("operator", "instead"), ((f"`{name}`", hint) for name, hint in QONNX_REFUSED.items())
        ),
        "## Ops of the graph\n",
        _table(
            ("op", "header", "meaning"),
            (
                (f"`{op.__name__}`", f"`fcn_hw/{op.header().name}`", _first_sentence(op))
                for op in OPS
                if op is not Input
            ),
        ),
    ]
    return "\n".join(sections)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell or '-' for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _first_sentence(op: type) -> str:
    text = " ".join((op.__doc__ or "").split("\n\n")[0].split())
    return text.replace("``", "`").replace(":class:", "")
