"""After a boot: what ran when the host went down is brought back."""
