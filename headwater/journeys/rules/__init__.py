"""Pure decisions, free of Django: when a wait ends (schedule), what a length of time is (duration), which facts a rule
means (matching), which graphs are sound (graph)."""
