"""Decides and wires: command line, agent, configuration, installation."""
