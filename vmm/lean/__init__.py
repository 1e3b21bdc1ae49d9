"""What actions and hooks use in place of modules that take longer to import than to run."""
