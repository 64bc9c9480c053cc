"""Payers: their profiles and what they answered to claims."""
