"""Online: combine, finalize, broadcast. Every signature is verified and attributed."""
