"""Finds what is left over or amiss on a node, says what to do, and does it where that is safe."""
