"""Handwritten digits: MNIST, its file format, stacks of digits and image augmentation."""
