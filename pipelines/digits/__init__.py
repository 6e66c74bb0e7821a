"""Handwritten digits: a verifier that classifies them, and autoencoders that generate them.

Import modules by name, as `from pipelines.digits.data.mnist import read_digits`: reading digits
then does not import torch.
"""
