"""Bitcoin Cash's rules, executed by code that is not ours: libauth's virtual machine, on Node."""
