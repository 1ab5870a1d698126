"""The record for auditors: refusal receipts, what was judged, and the replay of every verdict.

No signature depends on anything here, so none of it is in the trusted core; it stands on that.
"""
