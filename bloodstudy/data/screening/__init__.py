"""From files to decoded pixels: found, checked, decoded once, cached."""
