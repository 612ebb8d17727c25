"""Tables, by store."""
