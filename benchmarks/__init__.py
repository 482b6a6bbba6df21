"""Measurements of the library; each script is run as `python benchmarks/NAME.py`."""
