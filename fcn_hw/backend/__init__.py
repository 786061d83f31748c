"""Graphs to HLS projects."""
