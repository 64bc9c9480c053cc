"""Billed units against documented minutes."""
