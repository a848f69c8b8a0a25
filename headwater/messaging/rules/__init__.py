"""Pure decisions of mail: tokens, MIME, how a template becomes a letter, when to try again. Free of Django."""
