"""Many random QONNX networks: file = graph by layer, and the graph written as QONNX again.

Codes of exact and proved layers are those that qonnx and onnxruntime compute; so are the values of
each tensor of the file that is written from the graph. A network may be refused; it is counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from qonnx_checks import BYTES, random_codes
from random_qonnx import random_net

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.proofs import Status, statuses
from fcn_hw.frontend.qonnx.export import export_file
from fcn_hw.frontend.qonnx.onnx_file import read_program
from fcn_hw.frontend.qonnx.run import batches_of, run
from fcn_hw.frontend.qonnx.write import write_graph
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

FIRST_SEED = 1000  # those below are run by the tests


def main(arguments: Iterable[str] | None = None) -> int:
    """Exit status 1 if a network fails; its seed is printed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    options = parser.parse_args(None if arguments is None else list(arguments))
    failed, counts = 0, Counter[str]()
    with tempfile.TemporaryDirectory(prefix="fcn_hw_fuzz_") as folder:
        for seed in range(options.first_seed, options.first_seed + options.networks):
            try:
                counts += check(seed, Path(folder))
            except AssertionError as error:
                failed += 1
                print(f"seed {seed}: {error}", flush=True)
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"{options.networks} QONNX networks, {failed} failed; {told}")
    return 1 if failed else 0


def check(seed: int, folder: Path) -> Counter[str]:
    """How many layers are of each status, and codes that differ in measured ones.

    Raises:
        AssertionError: a code of an exact or proved layer differs, or one of the file that is
            written.
    """
    net, output = random_net(seed)
    try:
        made = export_file(net.save(folder / "net.onnx", output), parse_format(BYTES))
    except UnsupportedLayer as error:
        assert error.hint, f"a refusal without a hint: {error}"
        return Counter({"networks refused": 1})
    graph = run_passes(made.graph)
    known, codes = statuses(graph, made.proofs), random_codes(graph, 2, seed)
    names = [op.name for op in graph.ops]
    expected = evaluate(graph, codes, keep=names)
    found = Counter(f"layers {status.value}" for status in known.values())
    for name, values in made.layer_values(graph, codes, list(known), None):
        differ = int(np.count_nonzero(np.rint(values) != expected[name]))
        if known[name] is Status.MEASURED:
            found["codes measured"] += values.size
            found["codes of these that differ"] += differ
        else:
            assert not np.any(values != expected[name]), f"{name}, {known[name].value}, differs"
    try:
        write_graph(graph, folder / "out.onnx")
    except UnsupportedLayer:
        return found + Counter({"graphs not written": 1})
    program = read_program(folder / "out.onnx")
    frames = {
        f"{op.name}_in": (codes[op.name] * op.output.format.step)
        .transpose(0, 3, 1, 2)
        .astype(np.float32)
        for op in graph.inputs
    }
    for n, frame in enumerate(batches_of(frames)):
        for name, values in run(program, frame, set(names)).items():
            steps = np.ldexp(values.astype(np.float64), graph.tensor(name).format.fraction)
            same = np.array_equal(steps.transpose(0, 2, 3, 1)[0], expected[name][n])
            assert same, f"{name} of the file that is written differs"
    return found + Counter({"graphs written": 1})


if __name__ == "__main__":
    sys.exit(main())
