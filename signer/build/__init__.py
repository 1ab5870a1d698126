"""Online: coin selection and drafts. Assumed to be in the thief's hands."""
