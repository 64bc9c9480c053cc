"""Form, dates and identity of the claim itself."""
