"""Terms of the likelihood of a variational autoencoder, in nats."""

from torch import Tensor
from torch.nn import functional

__all__ = ["bernoulli_log_likelihood", "kl_from_standard_normal"]


def bernoulli_log_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return log p(pixels | latents), [n]: the sum of x·l - softplus(l) for logits l.

    Args:
        pixels: Pixels from 0 to 1, [n, ...]. Values between 0 and 1 give the expectation over
            their dynamic binarisation.
        logits: Logits of white of the same shape.

    Example:
        >>> bernoulli_log_likelihood(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)).exp()
        tensor([0.2500])
    """
    return (pixels * logits - functional.softplus(logits)).flatten(1).sum(1)


def kl_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, I)) of independent coordinates, in nats, [n].

    See Kingma and Welling (2014), appendix B.

    Args:
        mean: Means, [n, dimension].
        log_variance: Logarithms of the variances, [n, dimension].
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
