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


def interval(estimate: Estimate, limit: float, what: str = "claims") -> go.Figure:
    """The interval as a bar, the best estimate as a dot, the limit as a line, each with its value; in 100 claims."""
    rate, lower, upper = (100 * value for value in (estimate.rate, estimate.lower, estimate.upper))
    shown, span = per_hundred(estimate, limit), max(1.3 * upper, 150 * limit)
    figure = go.Figure(layout={**LOOK, "height": 130})
    figure.add_bar(
        x=[upper - lower], y=[""], base=lower, orientation="h", width=0.25, marker_color=ACCENT, opacity=0.45
    )
    figure.add_scatter(x=[rate], y=[""], mode="markers", marker={"color": ACCENT, "size": 15})
    figure.add_vline(x=100 * limit, line={"color": LIMIT, "width": 3})
    side = {"xanchor": "right", "xshift": -6} if _crowded(rate, 100 * limit, span) else {"xanchor": "left", "xshift": 6}
    _label(figure, 100 * limit, f"limit {100 * limit:g}", y=1, yref="paper", **side)
    _label(figure, rate, f"best estimate {shown[0]}", yshift=20)
    _label(figure, lower, f"at least {shown[1]}", xanchor="right", xshift=-8)
    _label(figure, upper, f"at most {shown[2]}", xanchor="left", xshift=8)
    figure.update_xaxes(title=f"{what} in error in 100", tick0=0, range=[0, span])
    return figure.update_yaxes(visible=False)


def _crowded(rate: float, limit: float, span: float) -> bool:
    """Whether the words of the limit would meet those of the estimate on its right, and have room on its left."""
    return limit <= rate < limit + 0.2 * span and limit > 0.1 * span


def _label(figure: go.Figure, x: float, text: str, *, y: float = 0, **place: object) -> None:
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": 14}, **place)


def by_rule(rules: pd.DataFrame) -> go.Figure:
    """Findings of each rule: upheld, dismissed, open."""
    shown = rules.iloc[::-1]
    legend = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
    height = 70 + 26 * len(rules)
    figure = go.Figure(layout={**LOOK, "barmode": "stack", "height": height, "showlegend": True, "legend": legend})
    for column, color in {"upheld": ACCENT, "dismissed": DISMISSED, "open": OPEN}.items():
        text = [str(number) if number else "" for number in shown[column]]
        figure.add_bar(x=shown[column], y=shown["rule"], name=column, orientation="h", marker_color=color, text=text)
    figure.update_traces(textposition="inside", insidetextanchor="middle", textangle=0, textfont={"size": 13})
    figure.update_traces(textfont_color="#17211f", selector={"marker": {"color": OPEN}})
    figure.update_yaxes(tickfont={"size": 13})
    few = rules[["upheld", "dismissed", "open"]].sum(axis=1).max() <= 10
    return figure.update_xaxes(title="findings", rangemode="tozero", tickformat="d", dtick=1 if few else None)


def share(found: Share, limit: float, what: str) -> go.Figure:
    """A share with limits, drawn as an estimate is."""
    assert found.lower is not None
    assert found.upper is not None
    return interval(Estimate(found.rate, found.lower, found.upper), limit, what)


def dots(groups: pd.DataFrame, limit: float, what: str) -> go.Figure:
    """Rate of each group as a dot with its interval, the limit as a line."""
    shown = groups.iloc[::-1]
    above_plot = {**LOOK["margin"], "t": 26}
    figure = go.Figure(layout={**LOOK, "margin": above_plot, "height": 96 + 30 * len(shown)})
    rates = 100 * shown["rate"].astype("float64")
    above, below = (100 * shown["upper"].astype("float64") - rates), (rates - 100 * shown["lower"].astype("float64"))
    figure.add_scatter(
        x=rates, y=shown["group"], mode="markers", marker={"color": ACCENT, "size": 11},
        error_x={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": QUIET, "width": 5},
    )  # fmt: skip
    figure.add_vline(x=100 * limit, line={"color": LIMIT, "width": 2})
    _label(figure, 100 * limit, f"limit {100 * limit:g}", y=1, yref="paper", yanchor="bottom")
    figure.update_yaxes(type="category", tickfont={"size": 13})
    highest = max(float((rates + above).max()), 150 * limit)
    return figure.update_xaxes(title=f"{what}s in error in 100", range=[0, min(1.05 * highest, 101)])


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
    shown = rows.iloc[::-1]
    figure = go.Figure(layout={**LOOK, "height": 60 + 26 * len(shown)})
    figure.add_scatter(
        x=100 * shown["precision"], y=shown["rule"], mode="markers", marker={"color": ACCENT, "size": 10},
        error_x={"type": "data", "symmetric": False, "array": 100 * (shown["upper"] - shown["precision"]),
                 "arrayminus": 100 * (shown["precision"] - shown["lower"]), "color": QUIET, "width": 5},
    )  # fmt: skip
    figure.add_vline(x=100 * wanted, line={"color": LIMIT, "width": 2})
    figure.update_yaxes(type="category", tickfont={"size": 13})
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
