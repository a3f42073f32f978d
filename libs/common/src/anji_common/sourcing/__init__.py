"""Sources: the loop that reads a vendor and publishes changes, and the port to its reading."""
