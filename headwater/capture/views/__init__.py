"""Pages of capture: public ones, and those of marketers."""
