"""Hydra finds its plug-ins in the namespace package `hydra_plugins`; see sweeper.py."""
