"""The station: what stands between a vendor's device and a vault.

A vendor's device checks no approval and no policy. The station in front of it does, with the same
code as an enforcing signer, says that it is the station that vouches, and believes no answer.
"""
