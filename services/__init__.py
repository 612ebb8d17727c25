"""What the portal does, one capability a file. Draws nothing, commits nothing."""
