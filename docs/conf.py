"""How `make docs` builds `site/` with Sphinx. The pages are Markdown (MyST); see docs/index.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # docs/pages: what is made from the code

import fcn_hw

project = "fcn_hw"
author = "the authors of fcn_hw"
copyright = "fcn_hw, Apache-2.0"
version = release = fcn_hw.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pages"]
root_doc = "index"
# Files that a reader of the repository links to, and which are no pages of their own.
exclude_patterns: list[str] = ["pages"]

myst_heading_anchors = 4  # as GitHub has them: #two-emitters
myst_links_external_new_tab = False
smartquotes = False  # --board stays --board
default_role = "literal"  # docstrings: `x` is code
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
suppress_warnings: list[str] = []

html_theme = "furo"
html_title = f"fcn_hw {release}"
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None  # the same sources give the same pages
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
html_static_path: list[str] = []
pygments_style = "friendly"
pygments_dark_style = "monokai"
highlight_language = "text"
