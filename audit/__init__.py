"""Countersign: the second pair of eyes on occupational-therapy claims."""

__version__ = "0.1.0"
