"""Evaluation codes against the findings of the evaluation."""
