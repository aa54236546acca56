"""Learning management systems: submissions in (`collect`), grades out (`export`)."""
