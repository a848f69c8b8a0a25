"""Random segments over random lives: what follows each change, what one statement finds among everybody, and a plain
Python oracle must agree, always."""
