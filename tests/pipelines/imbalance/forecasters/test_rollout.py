"""A batch of origins gets the same forecasts as a naive loop over single origins."""

import numpy as np
import pytest
import torch

from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.features.features import MEANS, make_features
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.features.scaling import fit_scales, make_rows
from pipelines.imbalance.forecasters.lstm import ImbalanceLSTM
from pipelines.imbalance.forecasters.rollout import Rollout
from pipelines.imbalance.simulator.area import simulate_table


@pytest.fixture(scope="module", params=[5, 15])
def setting(request):
    """Rows, origins, and a network in which all weights affect the forecast."""
    table = simulate_table("2021-05-10", 288 * 9, np.random.default_rng(0))
    features = make_features(
        at_resolution(table, request.param), Limits(-400.0, 400.0), residual=True
    )
    origins = features.origins[:: 7 * features.clock.hour // 3 + 1]
    rows = make_rows(features, fit_scales(features, features.origins))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ImbalanceLSTM(request.param, hidden_dim=6)
        torch.nn.init.normal_(network.head.weight)
        highway = torch.randn(len(origins), features.clock.horizon)
    return features, rows, torch.from_numpy(origins), network.eval(), highway


def naive_forecast(features, rows, origin, network, highway):
    """Forecast from one origin row by row, with means recomputed at every step."""
    clock, level = features.clock, float(rows.target[origin])
    cell, head = (
        {name: value.double().numpy() for name, value in module.state_dict().items()}
        for module in (network.cell, network.head)
    )
    series = rows.target[: origin + 1].double().tolist()
    known_inputs = network.known(rows, torch.tensor([origin]))[0].double().numpy()
    hidden = memory = np.zeros(network.cell.hidden_size)
    forecasts = []
    for position, inputs in enumerate(known_inputs):
        row = origin + 1 - clock.horizon + position
        past = np.array(series[:row])
        target_inputs = [past[-1], past[-clock.hour]]
        target_inputs += [past[-hours * clock.hour :].mean() for hours in MEANS]
        inputs = np.concatenate([np.array(target_inputs) - level, inputs])
        gates = cell["weight_ih"] @ inputs + cell["bias_ih"]
        gates += cell["weight_hh"] @ hidden + cell["bias_hh"]
        input_gate, forget_gate, candidate, output_gate = np.split(gates, 4)
        memory = memory / (1 + np.exp(-forget_gate)) + np.tanh(candidate) / (
            1 + np.exp(-input_gate)
        )
        hidden = np.tanh(memory) / (1 + np.exp(-output_gate))
        if row > origin:
            correction = head["weight"][0] @ hidden + head["bias"][0]
            forecasts.append(float(highway[row - origin - 1]) + correction)
            series.append(level + forecasts[-1])
    return forecasts


def naive_forecasts(features, rows, origins, network, highway):
    return [
        naive_forecast(features, rows, int(origin), network, linear)
        for origin, linear in zip(origins, highway, strict=True)
    ]


def test_the_batch_equals_a_naive_loop(setting):
    _, rows, origins, network, highway = setting
    with torch.no_grad():
        forecasts = network(rows, origins, highway)
        subset = network(rows, origins[3:8], highway[3:8])
    np.testing.assert_allclose(forecasts, naive_forecasts(*setting), atol=2e-4)
    torch.testing.assert_close(forecasts[3:8], subset, atol=1e-5, rtol=1e-5)


class StaleMeans(Rollout):
    """A rollout whose running means wrongly use measurements after the origin."""

    def __init__(self, rows, origins, clock):
        super().__init__(rows, origins, clock)
        self.rows, self.origins = rows, origins

    def inputs(self):
        now = self.origins + len(self.forecasts)
        means = self.rows.means[now] - self.rows.target[self.origins, None]
        return torch.cat([super().inputs()[:, :2], means], dim=1)


class StuckValue(Rollout):
    """A rollout that never feeds its forecasts back."""

    def append(self, forecast):
        super().append(forecast)
        self.target[-1] = torch.zeros_like(forecast)[:, None]


@pytest.mark.parametrize("mistake", [StaleMeans, StuckValue])
def test_a_rollout_that_does_not_feed_its_forecasts_back_is_detected(setting, mistake, monkeypatch):
    features, rows, origins, network, highway = setting
    monkeypatch.setattr("pipelines.imbalance.forecasters.lstm.Rollout", mistake)
    # after the last origin, there are no measured means that could leak
    origins = origins[origins < len(rows.means) - features.clock.horizon]
    with torch.no_grad():
        forecasts = network(rows, origins, highway[: len(origins)]).numpy()
    expected = naive_forecasts(features, rows, origins, network, highway[: len(origins)])
    assert np.abs(forecasts - expected).max() > 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_dim": 0}, "hidden_dim: 0, at least 1 expected"),
        ({"dropout": 1.0}, "dropout: 1.0, at least 0 and less than 1 expected"),
    ],
)
def test_invalid_hyperparameters_of_a_network_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImbalanceLSTM(**({"minutes": 5, "hidden_dim": 4} | arguments))
