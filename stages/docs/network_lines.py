"""The table that leads from each equation of the network to its line of code."""

from stages import paths
from stages.docs.sections import table
from stages.errors import StageError

_FOLDER = "pipelines/figures/network"
#: Name, equation, code and module of each formula; an empty name continues the one above.
_FORMULAS = (
    ("Dense layer", "z = x Wᵀ + b", 'einsum("ni,oi->no", x.reshape(len(x), -1), W) + b', "layers"),
    (
        "its gradients",
        "dW = dzᵀ x",
        'dW = einsum("no,ni->oi", dz, x.reshape(len(x), -1))',
        "layers",
    ),
    ("", "db = Σₙ dz", 'db = einsum("no->o", dz)', "layers"),
    ("", "dx = dz W", 'dx = einsum("no,oi->ni", dz, W)', "layers"),
    ("Convolution", "z = W ⋆ x + b", 'einsum("klcnhw,oklc->nhwo", patches, W) + b', "layers"),
    (
        "its gradients",
        "dW = Σ dz · patch",
        'dW = einsum("nhwo,klcnhw->oklc", dz, patches)',
        "layers",
    ),
    (
        "",
        "dx = dz ⋆ flipped W",
        'dx = einsum("klonhw,oklc->nhwc", padded_patches, W[:, ::-1, ::-1])',
        "layers",
    ),
    (
        "Max pooling",
        "y = max of each square",
        "y = reduce(np.maximum, self.pixels(squares))",
        "layers",
    ),
    ("Dropout", "y = x m / (1 - p)", "return x * mask / (1 - self.rate), mask", "layers"),
    ("ReLU", "a = max(z, 0)", "return np.maximum(z, 0)", "activations"),
    ("", "dz = da sign a", "return da * np.sign(a)", "activations"),
    ("Softmax", "a = exp(z) / Σ exp(z)", 'return e / einsum("no->n", e)[:, None]', "activations"),
    (
        "",
        "dz = a (da - Σ da a)",
        'return a * (da - einsum("no->n", da * a)[:, None])',
        "activations",
    ),
    (
        "Squared error",
        "ℓ = Σ (a - t)² / outputs",
        'einsum("no->n", np.square(a - t)) / a.shape[1]',
        "losses",
    ),
    (
        "Cross-entropy of softmax",
        "ℓ = log Σ exp(z) - Σ t z",
        'np.log(einsum("no->n", np.exp(z))) - einsum("no->n", t * z)',
        "losses",
    ),
    ("", "dz = softmax(z) - t", "return softmax(z) - t", "losses"),
    ("L2 penalty", "½ Σ w², gradient w", "float(np.square(W).sum()) / 2", "regularization"),
    (
        "Gradient clipping",
        "min(1, c / ‖g‖) g",
        'return g * (limit / np.maximum(np.sqrt(einsum("i,i->", g, g)), limit))',
        "regularization",
    ),
    ("Gradient descent", "w ← w - η g", "return w - eta * g, ()", "optimizers"),
    ("Momentum", "v ← μ v + g", "v = mu * v + g", "optimizers"),
    ("Adam", "m ← β₁ m + (1 - β₁) g", "m = BETA_1 * m + (1 - BETA_1) * g", "optimizers"),
    ("", "v ← β₂ v + (1 - β₂) g²", "v = BETA_2 * v + (1 - BETA_2) * np.square(g)", "optimizers"),
    (
        "",
        "w ← w - η m̂ / (√v̂ + ε)",
        "return w - eta / (1 - BETA_1**t) * m / (np.sqrt(v_hat) + EPSILON), (m, v)",
        "optimizers",
    ),
    (
        "AdamW",
        "w ← (1 - η λ) w, then Adam",
        "return adam((1 - eta * decay) * w, g, means, eta, t)",
        "optimizers",
    ),
    (
        "He's initialization",
        "w ~ N(0, 2 / inputs)",
        "return rng.normal(0.0, math.sqrt(2 / inputs), shape)",
        "initialization",
    ),
    (
        "Mean over the batch",
        "dy = ∂ℓ/∂y / n",
        "dy = self.loss.gradient(outputs, t) / len(x)",
        "network",
    ),
    (
        "Chain rule",
        "dx = dy ∂y/∂x",
        "dy, *gradient = layer.backward(dy, saved_here, *W_and_b)",
        "network",
    ),
)


def network_lines() -> str:
    """Return a Markdown table of the network's equations, each with a link to its code.

    Raises:
        StageError: A formula is not in its module.
    """
    rows = []
    for name, equation, code, module in _FORMULAS:
        file = f"{_FOLDER}/{module}.py"
        lines = (paths.ROOT / file).read_text(encoding="utf-8").splitlines()
        number = next((number for number, line in enumerate(lines, 1) if code in line), 0)
        if not number:
            raise StageError(f"{file} does not contain `{code}`")
        link = f"[{module}.py:{number}](../{file}#L{number})"
        rows.append((name, equation, f"`{code}`", link))
    return table(["", "equation", "code", "line"], rows)
