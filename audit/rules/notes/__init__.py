"""What the note must hold."""
