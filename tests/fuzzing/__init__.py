"""What holds for any bytes, and the search for those for which it fails."""
