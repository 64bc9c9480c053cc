"""Charts, each with what it says in words beside it. Colours stand on light and dark."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from audit.estimates import Estimate, per_hundred
from audit.estimates.ratios import Share
from audit.estimates.variation import INNER, WIDEST
from audit.feedback.drift import CONFIDENCE_Z, Drift
from audit.figures.differences import Groups, Months
from audit.figures.history import Sample

ACCENT, QUIET, LIMIT = "#0f857b", "#8494a0", "#c0661a"
DISMISSED, OPEN = "#5b6770", "#aab5bd"
LOOK = {"margin": {"l": 8, "r": 0, "t": 8, "b": 0}, "showlegend": False, "hovermode": False}
BARE = {"displayModeBar": False, "staticPlot": True}
ABOVE, BELOW, BESIDE, ROW = 30, 60, 90, 30
"""Pixels above the rows of a chart (a legend, a limit), below them (the axis with its words), beside
the ends of their axis (the words of a value of 0 or 100), and of a row."""


def in_rows(number: int, **more: object) -> go.Figure:
    """An empty chart of so many rows, with the same room for each however many they are."""
    margin = {**LOOK["margin"], "t": ABOVE, "b": BELOW}
    return go.Figure(layout={**LOOK, "margin": margin, "height": ABOVE + ROW * number + BELOW, **more})


def stacked(names: pd.Series[str], parts: dict[str, tuple[pd.Series[int], str]], what: str) -> go.Figure:
    """A bar for each name, the first on top, of parts by their words: numbers and a colour."""
    legend = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
    figure = in_rows(len(names), barmode="stack", showlegend=True, legend=legend)
    for told, (numbers, color) in parts.items():
        text = [f"{number:,}" if number else "" for number in numbers[::-1]]
        figure.add_bar(x=numbers[::-1], y=names[::-1], name=told, orientation="h", marker_color=color, text=text)
    figure.update_traces(textposition="inside", insidetextanchor="middle", textangle=0, textfont={"size": 13})
    figure.update_traces(textfont_color="#17211f", selector={"marker": {"color": OPEN}})
    figure.update_yaxes(type="category", tickfont={"size": 13})
    few = sum(numbers for numbers, _ in parts.values()).max() <= 10
    return figure.update_xaxes(title=what, rangemode="tozero", tickformat=",d", dtick=1 if few else None)


def interval(estimate: Estimate, limit: float, what: str = "claims") -> go.Figure:
    """The interval as a bar, the best estimate as a dot, the limit as a line, each with its value; in 100 claims."""
    rate, lower, upper = (100 * value for value in (estimate.rate, estimate.lower, estimate.upper))
    shown = per_hundred(estimate, limit)
    margin = {**LOOK["margin"], "l": BESIDE, "r": BESIDE, "t": ABOVE}
    figure = go.Figure(layout={**LOOK, "margin": margin, "height": 150})
    figure.add_bar(
        x=[upper - lower], y=[""], base=lower, orientation="h", width=0.25, marker_color=ACCENT, opacity=0.45
    )
    dot = {"color": ACCENT, "size": 15}
    figure.add_scatter(x=[rate], y=[""], mode="markers", marker=dot, cliponaxis=False)
    _upright(figure, limit, "limit")
    _label(figure, rate, f"best estimate {shown[0]}", yshift=20)
    _label(figure, lower, f"at least {shown[1]}", xanchor="right", xshift=-10)
    _label(figure, upper, f"at most {shown[2]}", xanchor="left", xshift=10)
    figure.update_xaxes(
        title=f"{what} in error in 100", tick0=0, range=[0, min(max(1.2 * upper, 150 * limit), max(upper, 100))]
    )
    return figure.update_yaxes(visible=False)


def _label(figure: go.Figure, x: float, text: str, *, y: float = 0, **place: object) -> None:
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": 14}, **place)


def _upright(figure: go.Figure, limit: float, word: str) -> None:
    figure.add_vline(x=100 * limit, line={"color": LIMIT, "width": 2}, layer="below")
    _label(figure, 100 * limit, f"{word} {100 * limit:g}", y=1, yref="paper", yanchor="bottom")


def by_rule(rules: pd.DataFrame) -> go.Figure:
    """Findings of each rule: upheld, dismissed, open."""
    colors = {"upheld": ACCENT, "dismissed": DISMISSED, "open": OPEN}
    return stacked(rules["rule"], {name: (rules[name], color) for name, color in colors.items()}, "findings")


def share(found: Share, limit: float, what: str) -> go.Figure:
    """A share with limits, drawn as an estimate is."""
    assert found.lower is not None
    assert found.upper is not None
    return interval(Estimate(found.rate, found.lower, found.upper), limit, what)


def dots(groups: pd.DataFrame, limit: float, what: str) -> go.Figure:
    """Rate of each group as a dot with its interval, the limit as a line."""
    figure = _shares(groups["group"], groups.rename(columns={"rate": "share"}))
    _upright(figure, limit, "limit")
    highest = max(100 * groups["upper"].astype("float64").max(), 150 * limit)
    return figure.update_xaxes(title=f"{what}s in error in 100", range=[0, min(1.05 * highest, 101)])


def _shares(names: pd.Series[str], told: pd.DataFrame) -> go.Figure:
    """A row for each name, the first on top: its `share` as a dot, `lower` to `upper` as a line; in 100."""
    share, lower, upper = (100 * told[name].astype("float64")[::-1] for name in ("share", "lower", "upper"))
    figure = in_rows(len(names))
    figure.add_scatter(
        x=share, y=names[::-1], mode="markers", marker={"color": ACCENT, "size": 11},
        error_x={"type": "data", "symmetric": False, "array": upper - share, "arrayminus": share - lower,
                 "color": QUIET, "width": 5},
    )  # fmt: skip
    return figure.update_yaxes(type="category", tickfont={"size": 13})


def samples(found: list[Sample], limit: float) -> go.Figure:
    """The rate of each finished sample with its interval, in the order of their dates of service."""
    names = [one.name for one in found]
    rates = [100 * one.estimate.rate for one in found]
    above = [100 * (one.estimate.upper - one.estimate.rate) for one in found]
    below = [100 * (one.estimate.rate - one.estimate.lower) for one in found]
    figure = go.Figure(layout={**LOOK, "height": 280})
    figure.add_scatter(
        x=names, y=rates, mode="markers", marker={"color": ACCENT, "size": 11},
        error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": QUIET, "width": 5},
    )  # fmt: skip
    figure.add_hline(y=100 * limit, line={"color": LIMIT, "width": 2})
    _label(figure, 1, f"limit {100 * limit:g}", y=100 * limit, xref="paper", xanchor="right", yanchor="bottom")
    figure.update_xaxes(type="category")
    return figure.update_yaxes(title="claims in error in 100", rangemode="tozero")


def rules_kept(rows: pd.DataFrame, wanted: float) -> go.Figure:
    """Share of decided findings upheld, by rule, with its interval and the share wanted."""
    figure = _shares(rows["rule"], rows.rename(columns={"precision": "share"}))
    _upright(figure, wanted, "wanted")
    return figure.update_xaxes(title="findings upheld in 100 decided", range=[0, 102])


def funnel(groups: Groups) -> go.Figure:
    """Weighted rate by effective reviews, a dot for each group with enough of them (one for those in one place); 95 and
    99.8 % limits around the rate of all, and the limit of the audit."""
    told = groups.told
    place = [told["size"].round(), told["rate"].round(2)]
    dots = told.groupby(place).agg(size=("size", "mean"), rate=("rate", "mean"), group=("group", ", ".join))
    figure = go.Figure(layout={**LOOK, "height": 330})
    sizes = list(range(5, max(30, round(1.15 * told["size"].max())) + 1))
    for level, dash, name in ((INNER, "dash", "95 %"), (WIDEST, "dot", "99.8 %")):
        low, high = zip(*groups.limits(sizes, level), strict=True)
        for side in (low, high):
            y = [100 * one for one in side]
            figure.add_scatter(x=sizes, y=y, mode="lines", line={"color": QUIET, "width": 1.5, "dash": dash})
        _label(figure, sizes[-1], name, y=100 * high[-1], xanchor="right", yanchor="bottom", yshift=8)
    figure.add_hline(y=100 * groups.centre, line={"color": QUIET, "width": 1.5})
    figure.add_hline(y=100 * groups.limit, line={"color": LIMIT, "width": 2})
    _label(figure, sizes[-1], f"limit {100 * groups.limit:g}", y=100 * groups.limit, xanchor="right", yanchor="bottom")
    names = ["bottom center" if 0 < rate < groups.centre else "top center" for rate in dots["rate"]]
    figure.add_scatter(
        x=dots["size"], y=100 * dots["rate"], mode="markers+text", text=dots["group"], textposition=names,
        marker={"color": ACCENT, "size": 11}, textfont={"size": 13},
    )  # fmt: skip
    figure.update_xaxes(title="reviews that count as much as a plain sample", range=[sizes[0], sizes[-1]])
    highest = max(100 * told["rate"].max(), 100 * groups.limit, 100 * groups.limits([10])[0][1])
    return figure.update_yaxes(title="claims in error in 100", range=[0, min(1.15 * highest, 105)])


def over_time(months: Months, limit: float) -> go.Figure:
    """The rate of each month with its limits, the smoothed rate where a drift is looked for, the limit of the audit."""
    figure = go.Figure(layout={**LOOK, "height": 300})
    names, chart = list(months.names), months.chart
    for side in (chart.lower, chart.upper):
        y = [100 * one for one in side]
        line = {"color": QUIET, "width": 1.5, "dash": "dash", "shape": "hvh"}
        figure.add_scatter(x=names, y=y, mode="lines", line=line)
    if months.drift:
        y = [100 * one for one in months.drift.rates]
        figure.add_scatter(x=names, y=y, mode="lines", line={"color": QUIET, "width": 2.5})
    figure.add_scatter(
        x=names, y=[100 * rate for rate in chart.rates], mode="lines+markers",
        line={"color": ACCENT, "width": 1.5}, marker={"color": ACCENT, "size": 9},
    )  # fmt: skip
    figure.add_hline(y=100 * limit, line={"color": LIMIT, "width": 2})
    _label(figure, 1, f"limit {100 * limit:g}", y=100 * limit, xref="paper", xanchor="right", yanchor="bottom")
    return figure.update_yaxes(title="claims in error in 100", rangemode="tozero")


def minutes_to_a_unit(drift: Drift) -> go.Figure:
    """Each month's minutes to a billed unit with its 95 % interval, and those of the other therapists as a line."""
    told = drift.told
    names = [f"{month:%b %Y}" for month in told["month"]]
    figure = go.Figure(layout={**LOOK, "height": 280})
    others = told["others"].astype("float64")
    figure.add_scatter(x=names, y=others, mode="lines", line={"color": QUIET, "width": 2, "dash": "dash"})
    figure.add_scatter(
        x=names, y=told["each"].astype("float64"), mode="lines+markers", line={"color": ACCENT, "width": 1.5},
        marker={"color": ACCENT, "size": 10},
        error_y={"type": "data", "array": CONFIDENCE_Z * told["error"].astype("float64"), "color": QUIET, "width": 5},
    )  # fmt: skip
    if others.notna().all():
        _label(figure, 1, "the others", y=others.iloc[-1], xref="paper", xanchor="right", yanchor="bottom", yshift=4)
    figure.update_xaxes(type="category")
    return figure.update_yaxes(title="documented minutes to a billed unit")
