"""Many inputs, one bounded flow."""
