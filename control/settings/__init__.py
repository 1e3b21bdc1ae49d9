"""What a node's administrator chooses: the TOML file, checked, as frozen sections."""
