"""What computes: accelerators, servers, and the first laws about them."""
