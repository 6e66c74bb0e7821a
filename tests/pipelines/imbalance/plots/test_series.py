"""Pictures of the area show the numbers that they are given."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import gross_outliers
from pipelines.imbalance.features.structural import structural_in_hindsight
from pipelines.imbalance.plots.series import area_comparison, series_with_outliers, structural_day
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.pictures import save_picture


@pytest.fixture(scope="module")
def area():
    return simulate_table("2021-03-01 03:30", 4000, np.random.default_rng(0))


def line(axes, label):
    (found,) = [line for line in axes.get_lines() if line.get_label() == label]
    return np.asarray(found.get_ydata(), float)


def test_outliers_are_marked_where_they_are_or_at_the_edge_and_counted(area):
    y = np.zeros(4000)
    y[[100, 2000, 2001, 3999]] = [900, -56_000, -701, -700]
    (axes,) = series_with_outliers(area.assign(y=y), (-700, 600), "Test").axes
    marks = next(line for line in axes.get_lines() if line.get_marker() == "o")
    assert list(marks.get_xdata()) == list(area.index[[100, 2000, 2001]])
    edge = axes.get_ylim()[1]
    np.testing.assert_allclose(marks.get_ydata(), [900, -0.97 * edge, -701])
    assert axes.get_title(loc="left") == (
        "3 of 4,000 rows (0.07%) are outside −700 to 600 MW; y reaches from −56,000 to 900 MW"
    )


def test_a_stretch_of_outliers_alone_is_a_hole_in_the_band(area):
    y = np.where((np.arange(4000) >= 1000) & (np.arange(4000) < 1288), -2000.0, 10.0)
    (axes,) = series_with_outliers(area.assign(y=y), (-700, 600), "Test").axes
    median = axes.get_lines()[0]
    hidden = np.isnan(median.get_ydata())
    times = median.get_xdata()[hidden]
    assert area.index[1000] <= times.min()
    assert times.max() <= area.index[1288]
    assert np.nanmax(median.get_ydata()) == 10


def test_parts_of_the_table_are_marked_where_they_begin(area):
    starts = {"train": area.index[0], "test": area.index[3000]}
    (axes,) = series_with_outliers(area, (-700, 600), "Test", starts=starts).axes
    assert [text.get_text().strip() for text in axes.texts] == ["train", "test"]
    drawn = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert drawn == list(starts.values())


def test_a_day_shows_plans_smooth_load_structure_and_what_is_left(area):
    above, below = structural_day(area, "2021-03-05", "Test").axes
    day = area["2021-03-05":"2021-03-05"]
    structural = structural_in_hindsight(area)[area.index.isin(day.index)]
    planned = day["total"] - day["flow"]
    np.testing.assert_allclose(line(above, "plans: production less flow out"), planned)
    np.testing.assert_allclose(
        line(above, "smooth load through the middles of the hours"), planned - structural
    )
    np.testing.assert_allclose(line(below, "structural imbalance"), structural)
    np.testing.assert_allclose(line(below, "imbalance y"), day["y"])
    np.testing.assert_allclose(line(below, "y less structural"), day["y"] - structural)
    assert below.get_xlabel() == "UTC, Friday 5 March 2021"
    left, right = (day["y"].diff().std(), (day["y"] - structural).diff().std())
    assert below.get_title(loc="left").endswith(f"of {left:.0f} MW become {right:.0f} MW")


def test_areas_are_compared_in_days_and_in_statistics(area):
    other = area.assign(y=area["y"] / 2)
    figure = area_comparison({"one": area, "two": other}, "Test")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert sorted(titles[4:]) == ["one", "two"]
    _, correlation, by_minute, load = figure.axes[:4]
    y = area["y"].where(~gross_outliers(area))
    first, _second = correlation.get_lines()
    assert first.get_ydata()[0] == pytest.approx(y.corr(y.shift(1)))
    np.testing.assert_allclose(first.get_xdata()[:2], [1 / 12, 4 / 12])
    changes = [line.get_ydata() for line in by_minute.get_lines()]
    np.testing.assert_allclose(changes[0], y.diff().abs().groupby(y.index.minute).mean())
    assert changes[1][0] < changes[0][0]
    assert load.get_lines()[0].get_color() != load.get_lines()[1].get_color()
    days = figure.axes[4]
    span = mdates.num2date(days.get_xlim()[1]) - mdates.num2date(days.get_xlim()[0])
    assert span < pd.Timedelta(days=4)
    assert days.get_ylim() == figure.axes[5].get_ylim()


def test_the_days_of_a_single_area_fill_their_panel(area):
    days = area_comparison({"one": area}, "Test").axes[4]
    shown = np.concatenate([line(days, "y"), line(days, "structural")])
    low, high = days.get_ylim()
    assert np.ptp(shown) > 0.8 * (high - low)


def test_the_same_picture_is_saved_as_the_same_bytes(area, tmp_path):
    for name in ("a.png", "b.png"):
        save_picture(series_with_outliers(area, (-700, 600), "Test"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda t: series_with_outliers(t, (5, 5), "Test"), "limits: 5, 5, the lower one first"),
        (
            lambda t: structural_day(t, "2021-03-01", "Test"),
            "day: 2021-03-01 00:00:00, a whole day",
        ),
        (lambda t: structural_day(t, "2022-03-02", "Test"), "a whole day between 2021-03-01 03:30"),
        (lambda t: area_comparison({}, "Test"), "areas: 0, the shortest of 0 rows, one or two"),
        (lambda t: area_comparison({"one": t[:2591]}, "Test"), "the shortest of 2591 rows"),
        (lambda t: area_comparison(dict.fromkeys("abc", t), "Test"), "areas: 3, "),
    ],
)
def test_what_cannot_be_drawn_is_refused(area, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(area)
