"""Handwritten digits: MNIST as it was published, and the verifier that reads them.

Modules are imported by name (`from pipelines.digits.mnist import ...`), so that reading digits does
not cost the import of torch.
"""
