"""Dated facts: shipped and loaded, made one, looked up by date of service."""
