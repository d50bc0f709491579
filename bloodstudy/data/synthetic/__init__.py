"""The drawing of synthetic stained smears."""
