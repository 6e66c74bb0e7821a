"""Parts of the likelihood that a variational autoencoder assigns to images, in nats."""

from torch import Tensor
from torch.nn import functional

__all__ = ["bernoulli_log_likelihood", "kl_from_standard_normal"]


def bernoulli_log_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return log p(pixels | latents), [n]: the sum of x·l - softplus(l) for logits l.

    Args:
        pixels: 0 to 1, [n, ...]; of a value between, the expectation over its binarisation.
        logits: Of white, of the same shape.

    Example:
        >>> bernoulli_log_likelihood(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)).exp()
        tensor([0.2500])
    """
    return (pixels * logits - functional.softplus(logits)).flatten(1).sum(1)


def kl_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, I)) of independent coordinates, in nats, [n].

    Kingma and Welling (2014), appendix B.

    Args:
        mean: [n, dimension].
        log_variance: [n, dimension].
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
