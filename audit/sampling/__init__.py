"""Frame, plan, seed and draw: a sample that a stranger can draw again.

In this order, each bound to the one before by SHA-256: the frame is frozen, the plan is fixed, the seed is
given, the sample is drawn. Nothing here looks at a result of review.
"""

from audit.sampling.by_size import chances
from audit.sampling.drawing import Sample, check_seed, draw, draw_sample, new_seed
from audit.sampling.frames import FLAGGED, UNFLAGGED, Frame, FrameRow, SavedFrame, freeze
from audit.sampling.planning import (
    ALL,
    FLAGGED_SHARE,
    KINDS,
    PLANNING_RATES,
    WHOLE_FRAME,
    Plan,
    PlannedStratum,
    allocate,
    compliance_plan,
    discovery_plan,
    dollars_plan,
    each_plan,
    flag_plan,
    simple_plan,
    stratified_plan,
    watched_plan,
)

__all__ = [
    "ALL",
    "FLAGGED",
    "FLAGGED_SHARE",
    "KINDS",
    "PLANNING_RATES",
    "UNFLAGGED",
    "WHOLE_FRAME",
    "Frame",
    "FrameRow",
    "Plan",
    "PlannedStratum",
    "Sample",
    "SavedFrame",
    "allocate",
    "chances",
    "check_seed",
    "compliance_plan",
    "discovery_plan",
    "dollars_plan",
    "draw",
    "draw_sample",
    "each_plan",
    "flag_plan",
    "freeze",
    "new_seed",
    "simple_plan",
    "stratified_plan",
    "watched_plan",
]
