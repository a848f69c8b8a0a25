"""Pages of mail: public ones behind tokens, the ledger, templates, the demo's inbox."""
