"""Writers: the loop that executes commands safely, and the port to what a vendor can do."""
