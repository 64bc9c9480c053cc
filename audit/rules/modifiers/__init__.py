"""Modifiers: discipline, assistant, and services that are not paid together."""
