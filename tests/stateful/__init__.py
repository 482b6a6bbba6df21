"""Machines that do anything in any order, and what holds all the time."""
