"""One template of the gallery a file; each has a TEMPLATE."""
