"""Machines of hypothesis that walk in random steps over a real store."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def walk(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """So many walks of so many steps; a walk that fails is not made shorter, which would take minutes."""
    options = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=options)  # type: ignore[no-untyped-call]
