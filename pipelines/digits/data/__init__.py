"""Handwritten digits: MNIST and its file format, stacks of digits, and distorted images."""
