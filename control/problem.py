"""What a command says instead of a traceback."""


class Problem(Exception):
    """Something its user can mend: one clear sentence of what, where and what to do next."""
