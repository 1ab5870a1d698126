"""The thief's seat: a compromised coordinator, a malicious carrier, and some corrupt officers."""
