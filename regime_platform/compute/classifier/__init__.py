"""PURE: regime label, bias, posture and confidence."""
