"""The commands of coldsign."""
