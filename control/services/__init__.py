"""What systemd starts and keeps: the agent, its page, the console server."""
