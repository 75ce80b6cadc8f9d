"""PURE: regime label, bias, posture and confidence (canonical compute, section 7)."""
