"""Handwritten digits: a verifier that classifies them, and autoencoders that generate them.

Import from the modules, as in `from pipelines.digits.data.mnist import read_digits`. Reading digits
then does not import torch.
"""
