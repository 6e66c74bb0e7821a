"""The histories of the networks of one variant, beside each other in one table."""

from collections.abc import Sequence

import pandas as pd

LOSSES = ("train/loss", "validation/loss")


def joined(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put histories beside each other, a row an epoch.

    Args:
        histories: of each network; none for a variant that knows no epochs.

    Returns:
        epoch; the mean losses, missing where a network had stopped already; the columns of each
        network's history, named `network_1/train/loss` and so on.
    """
    if not histories:
        return pd.DataFrame(columns=["epoch", *LOSSES])
    each = [history.set_index("epoch") for history in histories]
    means = {name: sum(history[name] for history in each) / len(each) for name in LOSSES}
    columns = [history.add_prefix(f"network_{n}/") for n, history in enumerate(each, start=1)]
    return pd.concat([pd.DataFrame(means), *columns], axis=1).rename_axis("epoch").reset_index()
