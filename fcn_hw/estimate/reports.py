"""The estimate as files, named and keyed as FINN's builder writes them, with what fcn_hw adds.

estimate_layer_cycles.json        cycles of a frame, by layer
estimate_layer_resources.json     resources, stored bits, multiplications, energy, by layer; total
estimate_network_performance.json interval, frames a second, the limit of the folds
"""

from __future__ import annotations

import json
from typing import Any

from fcn_hw.costs.memory import BRAM18_BITS
from fcn_hw.estimate.network import Estimate, LayerEstimate


def report_files(result: Estimate) -> dict[str, str]:
    """The files' names and texts."""
    return {
        f"{name}.json": json.dumps(data, indent=1) + "\n"
        for name, data in report_data(result).items()
    }


def report_data(result: Estimate) -> dict[str, dict[str, Any]]:
    """The files' names, without their end, and their contents."""
    return {
        "estimate_layer_cycles": {layer.name: layer.cycles for layer in result.layers},
        "estimate_layer_resources": _resources(result),
        "estimate_network_performance": performance(result),
    }


def performance(result: Estimate) -> dict[str, Any]:
    """Speed: FINN's keys, then the limit of the folds."""
    return {
        "critical_path_cycles": result.critical_path_cycles,
        "max_cycles": result.interval_cycles,
        "max_cycles_node_name": result.bottleneck,
        "estimated_throughput_fps": round(result.fps, 3),
        "estimated_latency_ns": result.critical_path_cycles * result.clock_period_ns,
        "clock_period_ns": result.clock_period_ns,
        "fold_limit_cycles": result.limit.cycles,
        "fold_limit_fps": round(result.limit_fps, 3),
        "fold_limit_cause": result.limit.cause,
        "board_bound_cycles": result.bound.cycles,
        "board_bound_fps": round(result.bound_fps, 3),
        "input_beats": result.limit.input_beats,
        "output_beats": result.limit.output_beats,
        "macs": result.macs,
        "model_energy_uj": round(result.energy_pj / 1e6, 3),
    }


def _resources(result: Estimate) -> dict[str, Any]:
    rows: dict[str, Any] = {layer.name: _layer(layer) for layer in result.layers}
    amount, have = result.resources, result.available
    rows["total"] = {
        "LUT": amount.lut,
        "FF": amount.ff,
        "DSP": amount.dsp,
        "BRAM_18K": amount.bram18,
        "URAM": 0,
        "weight_bits": result.weight_bits,
        "activation_bits": result.activation_bits,
        "macs": result.macs,
        "model_energy_uj": round(result.energy_pj / 1e6, 3),
    }
    rows["available"] = {
        "LUT": have.lut, "FF": have.ff, "DSP": have.dsp, "BRAM_18K": have.bram18,
    }  # fmt: skip
    return rows


def _layer(layer: LayerEstimate) -> dict[str, Any]:
    amount = layer.resources
    stored = layer.weight_bits + layer.activation_bits
    blocks = amount.bram18 * BRAM18_BITS
    return {
        "kind": layer.kind,
        "LUT": amount.lut,
        "FF": amount.ff,
        "DSP": amount.dsp,
        "BRAM_18K": amount.bram18,
        "BRAM_efficiency": round(min(stored / blocks, 1), 4) if blocks else 1,
        "URAM": 0,
        "URAM_efficiency": 1,
        "PE": layer.fold.pe if layer.fold else None,
        "SIMD": layer.fold.simd if layer.fold else None,
        "taps": layer.fold.taps if layer.fold else None,
        "lanes": layer.fold.lanes if layer.fold else None,
        "PE_in_LUTs": layer.fold.lut_pe if layer.fold else None,
        "Strategy": layer.strategy or None,
        "weight_bits": layer.weight_bits,
        "activation_bits": layer.activation_bits,
        "cycles": layer.cycles,
        "ideal_cycles": layer.ideal_cycles,
        "macs": layer.macs,
        "model_energy_uj": round(layer.energy_pj / 1e6, 3),
    }
