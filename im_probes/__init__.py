"""Reports hosts and containers to OpenNebula's monitord."""
