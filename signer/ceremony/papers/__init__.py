"""Papers that people follow and file: checklists, playbooks, reports."""
