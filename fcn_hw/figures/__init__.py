"""Figures: each is drawn here once, as the text of an SVG file.

The verbs write that text beside their results, the report embeds the same text, and the documents
show the same file. The same data give the same bytes.
"""
