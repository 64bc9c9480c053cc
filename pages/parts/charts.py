"""Charts, each with what it says in words beside it. Colours stand on light and dark."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from audit.estimates import Estimate, per_hundred

ACCENT, QUIET, FAINT, LIMIT = "#0f857b", "#8494a0", "rgba(132, 148, 160, .28)", "#c0661a"
LOOK = {"margin": {"l": 8, "r": 0, "t": 8, "b": 0}, "showlegend": False, "hovermode": False}
BARE = {"displayModeBar": False, "staticPlot": True}


def interval(estimate: Estimate, limit: float) -> go.Figure:
    """The interval as a bar, the best estimate as a dot, the limit as a line, each with its value; in 100 claims."""
    rate, lower, upper = (100 * value for value in (estimate.rate, estimate.lower, estimate.upper))
    shown = per_hundred(estimate, limit)
    figure = go.Figure(layout={**LOOK, "height": 130})
    figure.add_bar(
        x=[upper - lower], y=[""], base=lower, orientation="h", width=0.25, marker_color=ACCENT, opacity=0.45
    )
    figure.add_scatter(x=[rate], y=[""], mode="markers", marker={"color": ACCENT, "size": 15})
    figure.add_vline(x=100 * limit, line={"color": LIMIT, "width": 3})
    _label(figure, 100 * limit, f"limit {100 * limit:g}", xanchor="left", xshift=6, y=1, yref="paper")
    _label(figure, rate, f"best estimate {shown[0]}", yshift=20)
    _label(figure, lower, f"at least {shown[1]}", xanchor="right", xshift=-8)
    _label(figure, upper, f"at most {shown[2]}", xanchor="left", xshift=8)
    figure.update_xaxes(title="claims in error in 100", tick0=0, range=[0, max(1.3 * upper, 150 * limit)])
    return figure.update_yaxes(visible=False)


def _label(figure: go.Figure, x: float, text: str, *, y: float = 0, **place: object) -> None:
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": 14}, **place)


def by_rule(rules: pd.DataFrame) -> go.Figure:
    """Findings of each rule: upheld, dismissed, open."""
    shown = rules.iloc[::-1]
    legend = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
    height = 70 + 26 * len(rules)
    figure = go.Figure(layout={**LOOK, "barmode": "stack", "height": height, "showlegend": True, "legend": legend})
    for column, color in {"upheld": ACCENT, "dismissed": QUIET, "open": FAINT}.items():
        text = [str(number) if number else "" for number in shown[column]]
        figure.add_bar(x=shown[column], y=shown["rule"], name=column, orientation="h", marker_color=color, text=text)
    figure.update_traces(textposition="inside", insidetextanchor="middle", textangle=0, textfont={"size": 13})
    figure.update_yaxes(tickfont={"size": 13})
    return figure.update_xaxes(title="findings", rangemode="tozero", tickformat="d")
