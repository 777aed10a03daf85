"""What each call does: one file per resource. Each function takes the request and returns the body of the answer."""
