"""How dates are written in each language: one way for all pages."""
