"""Reads OpenNebula's messages: the only code that sees XML."""
