"""The virtual test host: builds its image, runs it, and runs a part of the suite inside.

A package of its own (`vm`), used through `scripts/vm`; standard library only, so that it works
before the project's environment exists.
"""
