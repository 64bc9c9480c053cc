"""What a person hands in: checked, linked, loaded as a whole, mapped by name, undone as a whole."""
