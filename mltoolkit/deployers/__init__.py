"""What can bring a release onto an endpoint; each target is a module, and none knows another."""
