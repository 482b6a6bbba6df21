"""The catalogue of faults: each with what this library does, and what shows it."""
