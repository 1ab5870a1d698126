"""A rehearsal's USB: devices that are programs, on a bus of named pipes, behind pyusb's backend."""
