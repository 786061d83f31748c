"""Figures: where things are drawn, computed here; SVG by the templates beside the page's."""
