"""Bytes to events to chunks to the final answer."""
