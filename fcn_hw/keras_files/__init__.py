"""Keras model files as data: read without Keras, and vetted."""
