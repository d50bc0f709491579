"""Which photograph and which scene each image shows."""
