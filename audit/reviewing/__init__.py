"""Review of claims by people, from the worklist to the last signature, and what they see meanwhile."""
