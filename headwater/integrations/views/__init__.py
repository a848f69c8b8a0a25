"""Pages of this package: the API's reference, the demo company's public site, the health page."""
