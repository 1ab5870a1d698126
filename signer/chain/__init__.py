"""Online: the only code that opens sockets."""
