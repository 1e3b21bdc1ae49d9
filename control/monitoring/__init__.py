"""What OpenNebula starts to monitor a host: probes, and the client that stays."""
