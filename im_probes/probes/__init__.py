"""What each message to monitord says: pure renderings of readings, one file per message."""
