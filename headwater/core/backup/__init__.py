"""`headwater backup` and `headwater restore`: everything in one file, taken while Headwater runs, and an installation
that begins again from it. Free of Django, but for what the packages do when they begin again."""
