# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # Forecasts of the imbalance of a power grid
# The imbalance of a grid area is its production minus outflow minus consumption, in megawatts (MW).
# A positive imbalance is a surplus. This notebook simulates an area, computes features without
# leakage, trains two forecasters, scores a backtest, and forecasts a day with intervals.
#
# `jupytext --to notebook imbalance.py` converts this file to a Jupyter notebook. As a script,
# `python imbalance.py`, it prints its numbers and shows no pictures.

# %%
# %matplotlib inline
# ruff: noqa: B018 (a notebook shows the last value of a cell)
import numpy as np

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.splitting import split_by_fractions
from pipelines.imbalance.evaluation.backtest import run_backtest
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.intervals import interval
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.settings import LSTMSettings, RidgeSettings
from pipelines.imbalance.forecasters.trained_forecaster import with_intervals
from pipelines.imbalance.plots.forecasts import error_by_step
from pipelines.imbalance.plots.series import structural_day
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.pictures import COLOURS, INK, styled_figure

# %% [markdown]
# ## Simulate an area
# The table has a row for every five minutes: the plans for production and flow, and the measured
# imbalance `y`. Plans change once an hour, but consumption changes smoothly. The difference is the
# structural imbalance, which is known in advance. A forecaster only has to learn the rest, the
# residual.
#
# ![Plans and imbalance of a day](../docs/pictures/notebook_imbalance_structure.png)

# %%
table = simulate_table("2021-03-01", rows=12 * 7 * 288, rng=np.random.default_rng(0))
structure = structural_day(table, "2021-05-14", "Structural imbalance of a simulated day")
structure

# %% [markdown]
# ## Features without leakage
# A forecast starts at an origin, the last row whose imbalance is known, and covers the next two
# hours. Rows of 15 minutes make this 8 steps. The first 60 % of the series train, the next 20 %
# validate and the rest test. Forecasters learn from training rows only. The validation rows select
# the epoch of the LSTM and calibrate the intervals.

# %%
prepared = Prepared.of(split_by_fractions(at_resolution(table, 15), train=0.6, validation=0.2))
limits = fit_limits(prepared.training_rows["y"].to_numpy())
features = make_features(prepared.table, limits, residual=True)
origins = split_origins(prepared, features)
for part, rows in vars(origins).items():
    print(f"{part}: {len(rows):,} origins")

# %% [markdown]
# ## Train two forecasters
# Ridge regression fits a linear formula for each step. The LSTM is a recurrent network that adds a
# correction to such a formula. It forecasts recursively: each forecast is an input to the next.

# %%
settings = {
    "ridge": RidgeSettings(alpha=0.2),
    "lstm": LSTMSettings(hidden_dim=16, dropout=0.3, epochs=8, batch_size=256, ensemble_size=1),
}
fitted = {name: KINDS[name].fit(features, origins, each, seed=0) for name, each in settings.items()}
models = {
    name: with_intervals(name, each.forecasters, limits, features, origins.validation)
    for name, each in fitted.items()
}
for name, model in models.items():
    print(f"{name}: validation RMSE {model.validation_rmse:.1f} MW")

# %% [markdown]
# This cell tests for leakage. It replaces every imbalance after an origin, and every plan more than
# two hours after it. The forecast must not change.

# %%
origin = origins.test[200]
future = prepared.table.copy()
future.iloc[origin + 1 :, future.columns.get_loc("y")] = 999.0
future.iloc[origin + 1 + features.clock.horizon :] = 999.0
changed = models["lstm"].forecasts(models["lstm"].features(future), np.array([origin]))
leakage = np.abs(changed - models["lstm"].forecasts(features, np.array([origin]))).max()
print(f"largest change of a forecast: {leakage:.1g} MW")

# %% [markdown]
# ## Backtest
# A backtest forecasts from every origin of the test part. RMSE is the root mean squared error. The
# baseline is persistence: it forecasts that the imbalance stays as it is. The skill score compares
# the two RMSE: 0 is no better than persistence, 1 is perfect. The coverage is the share of
# measurements within an interval: an 80 % interval should cover 80 %.
#
# ![Errors by lead time](../docs/pictures/notebook_imbalance_errors.png)

# %%
backtests = {name: run_backtest(model, features, origins.test) for name, model in models.items()}
for name, each in backtests.items():
    print(f"{name}: RMSE {each.scores.rmse:.1f} MW, skill score {each.scores.skill:.2f}")
    for percent, share in each.scores.coverage.items():
        print(f"  the {percent} % interval covers {100 * share:.1f} %")
persistence = backtests["ridge"].persistence - backtests["ridge"].truth
rmse = {"persistence": np.sqrt(np.square(persistence).mean(axis=0))}
rmse |= {name: each.scores.rmse_by_step for name, each in backtests.items()}
errors = error_by_step(rmse, features.clock.minutes)
errors

# %% [markdown]
# ## Forecast a day
# Twelve forecasts, one every two hours, cover a day. The intervals widen with the lead time, and
# become narrow again at each new origin.
#
# ![Forecasts of a day with intervals](../docs/pictures/notebook_imbalance_day.png)

# %%
backtest = backtests["lstm"]
midnight = np.flatnonzero(backtest.times[:, 0] == np.datetime64("2021-05-14"))[0]
chosen = midnight + features.clock.horizon * np.arange(12)
hours = (backtest.times[chosen] - backtest.times[midnight, 0]) / np.timedelta64(1, "h")


def with_gaps(values):
    return np.pad(values, ((0, 0), (0, 1)), constant_values=np.nan).ravel()


with styled_figure(10, 4.4, "Forecasts of 14 May 2021, LSTM") as day:
    axes = day.subplots()
    for percent, alpha in ((90, 0.18), (80, 0.3)):
        bounds = map(with_gaps, interval(backtest.quantiles[chosen], percent))
        style = {"color": COLOURS[1], "alpha": alpha, "lw": 0, "label": f"{percent} % interval"}
        axes.fill_between(with_gaps(hours), *bounds, **style)
    forecast = with_gaps(backtest.forecast[chosen])
    axes.plot(with_gaps(hours), forecast, color=COLOURS[1], label="forecast")
    axes.plot(hours.ravel(), backtest.truth[chosen].ravel(), color=INK, label="measured")
    axes.set(xlabel="hour of the day (UTC)", ylabel="imbalance (MW)", xticks=range(0, 25, 2))
    day.legend(loc="outside lower center", ncols=4)
day
