"""Pages of the sales desk."""
