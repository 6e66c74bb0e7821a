"""How probable a variational autoencoder finds images: in nats, with pixels 0 or 1.

Its parts come as functions. `encode` takes images [n, 1, 28, 28] to the mean and the logarithm of
the variance of their latents, [n, dimension] each; `decode` takes latents [n, dimension] to logits
of the same shape as the images. All computation happens on the device of the images. Likelihoods
compare with published ones only for dynamically binarised images; see `stacking.pixel_values`.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.digits.generation import DECODED_AT_ONCE

__all__ = [
    "Decode",
    "Encode",
    "bernoulli_log_likelihood",
    "evidence_lower_bound",
    "kl_from_standard_normal",
]

Encode = Callable[[Tensor], tuple[Tensor, Tensor]]
Decode = Callable[[Tensor], Tensor]


def bernoulli_log_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Log-likelihood of pixels given latents: the sum of x·l - softplus(l) for logits l, [n].

    Args:
        pixels: 0 to 1, [n, ...]; of a value between, the expectation over its binarisation.
        logits: Of white, of the same shape.

    Example:
        >>> bernoulli_log_likelihood(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)).exp()
        tensor([0.2500])
    """
    return (pixels * logits - functional.softplus(logits)).flatten(1).sum(1)


def kl_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, I)) of independent coordinates, in nats, [n].

    Kingma and Welling (2014), appendix B.

    Args:
        mean: [n, dimension].
        log_variance: [n, dimension].
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


@torch.inference_mode()
def evidence_lower_bound(
    pixels: Tensor,
    encode: Encode,
    decode: Decode,
    generator: torch.Generator,
    *,
    samples: int = 1,
    at_once: int = 1000,
) -> Tensor:
    """The evidence lower bound of each image: E_q log p(x|z) - KL(q(z|x) || N(0, I)), in nats.

    Args:
        pixels: 0 to 1, float [n, 1, 28, 28].
        encode: Of the variational autoencoder; see above.
        decode: Likewise.
        generator: Source of the randomness.
        samples: Latents drawn for an image.
        at_once: Images in a batch.

    Returns:
        float32 [n].
    """
    bounds = []
    for batch in pixels.split(at_once):
        mean, log_variance = encode(batch)
        expected = torch.zeros(len(batch), device=batch.device)
        for _ in range(samples):
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            latents = mean + (log_variance / 2).exp() * noise
            logits = torch.cat([decode(some) for some in latents.split(DECODED_AT_ONCE)])
            expected += bernoulli_log_likelihood(batch, logits) / samples
        bounds.append(expected - kl_from_standard_normal(mean, log_variance))
    return torch.cat(bounds)
