"""Measurements by command, each with its table in docs/."""
