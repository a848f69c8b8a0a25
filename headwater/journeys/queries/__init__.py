"""Reads of journeys: what they listen to (listening), lists and numbers (overview), people inside (inside)."""
