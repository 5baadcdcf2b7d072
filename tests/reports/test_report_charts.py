"""The column chart: heights are true, no month is skipped, and many months or channels stay readable."""

from hypothesis import given
from hypothesis import strategies as st

from satukanal.reports import charts

MONTH = st.builds("{:04d}-{:02d}".format, st.integers(1970, 2026), st.integers(1, 12))
ROWS = st.lists(
    st.fixed_dictionaries(
        {"month": MONTH, "channel": st.sampled_from([f"c{n}" for n in range(12)]), "submissions": st.integers(0, 5000)}
    ),
    min_size=1,
    max_size=60,
)


def row(month: str | None, submissions: int, channel: str = "super") -> dict[str, object]:
    return {"month": month, "channel": channel, "submissions": submissions}


@given(ROWS)
def test_every_submission_is_drawn_inside_the_frame_and_to_scale(rows: list[dict[str, object]]) -> None:
    chart = charts.columns(rows)
    assert chart is not None
    assert sum(bar.value for bar in chart.bars) == sum(r["submissions"] for r in rows)
    for bar in chart.bars:
        assert bar.x >= charts.LEFT
        assert bar.x + bar.width <= charts.WIDTH + 1e-6
        assert bar.y >= charts.TOP - 1e-6
        assert bar.y + bar.height <= charts.TOP + charts.HEIGHT + 1e-6
    scales = {round(bar.height / bar.value, 9) for bar in chart.bars}
    assert len(scales) <= 1
    assert 1 <= len(chart.series) <= charts.SERIES
    assert 2 <= len(chart.levels) <= 6


def test_a_month_without_submissions_keeps_its_place() -> None:
    chart = charts.columns([row("2023-11", 4), row("2024-02", 2)])
    assert chart is not None
    assert [period for period, _ in chart.table] == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert chart.peak == ("2023-11", 4)


def test_a_long_time_is_shown_by_years() -> None:
    chart = charts.columns([row("2015-03", 1), row("2015-09", 2), row("2024-02", 4)])
    assert chart is not None
    assert chart.table[0] == ("2015", (3,))
    assert len(chart.table) == 10


def test_what_has_no_date_is_counted_apart() -> None:
    chart = charts.columns([row("2024-01", 3), row(None, 17)])
    assert chart is not None
    assert (chart.undated, chart.series) == (17, (("super", 3),))
    assert charts.columns([row(None, 17)]) is None


def test_smaller_channels_share_the_last_series() -> None:
    chart = charts.columns([row("2024-01", n, f"c{n}") for n in range(1, 13)])
    assert chart is not None
    assert chart.series[0] == ("c12", 12)
    assert chart.series[-1] == (charts.OTHERS, 1 + 2 + 3 + 4 + 5)


def test_the_axis_ends_at_a_round_number_above_the_peak() -> None:
    for peak, levels in ((1, ["1", "0"]), (77, ["80", "60", "40", "20", "0"]), (430, ["600", "400", "200", "0"])):
        chart = charts.columns([row("2024-01", peak)])
        assert chart is not None
        assert sorted((mark.text for mark in chart.levels), key=int, reverse=True) == levels
