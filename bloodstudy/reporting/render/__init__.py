"""Markdown, HTML, and the comparison of two reports."""
