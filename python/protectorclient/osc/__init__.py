"""The plugin for python-openstackclient."""
