"""What people see in a terminal: tables, figures, answers. No effects but keys."""
