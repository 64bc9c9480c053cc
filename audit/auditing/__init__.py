"""Audits: screening loaded claims, planning a choice of them, freezing it, and when the next is due."""
