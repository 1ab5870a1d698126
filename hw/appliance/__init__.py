"""Our own signer as a USB device: its protocol, and the device's side of it (docs/appliance.md)."""
