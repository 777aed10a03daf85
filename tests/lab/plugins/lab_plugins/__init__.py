"""What the services of the lab load."""
