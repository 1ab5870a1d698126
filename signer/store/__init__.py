"""Online: the coordinator's database."""
