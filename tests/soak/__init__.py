"""`make soak`: nothing lost, nothing twice. Thousands of people walk through journeys while workers and PostgreSQL are
killed at random and a live journey is edited; then every row is compared with what plain Python says."""
