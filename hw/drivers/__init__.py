"""One vendor's protocol, one file."""
