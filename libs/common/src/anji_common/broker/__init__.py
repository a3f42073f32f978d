"""The port `Broker`, and its two adapters that pass one contract suite."""
