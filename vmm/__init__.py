"""Carries out OpenNebula's VM actions on containers: the only code that changes the host."""
