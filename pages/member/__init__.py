"""One screen a file, for members and guardians."""
