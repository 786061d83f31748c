"""QONNX files, as Brevitas and others write them, to graphs. No module of it loads TensorFlow."""
