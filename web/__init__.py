"""Shows what the store knows: the page, its JSON API and /metrics."""
