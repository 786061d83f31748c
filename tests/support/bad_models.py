"""The corpus: every model file that is refused, with the whole line that a user gets."""

from __future__ import annotations

import bad_model_configs
import bad_model_files
import bad_model_layers

ALL = (*bad_model_files.CASES, *bad_model_configs.CASES, *bad_model_layers.CASES)
