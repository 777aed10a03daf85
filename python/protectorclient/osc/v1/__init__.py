"""The commands: one file per resource, one class per verb."""
