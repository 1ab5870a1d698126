"""Making the offline kit: its wheels, its manifest, its instructions. Runs online."""
