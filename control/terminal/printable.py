"""Pure: names from outside → text that a terminal shows and does not obey."""


def printable(name: str) -> str:
    """`name` with everything that does not print as "?": container names may hold any bytes."""
    return "".join(character if character.isprintable() else "?" for character in name)
