"""Tables of other programs: what their columns are called, how they write values, and which of ours they mean."""
