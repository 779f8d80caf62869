"""Rebuilding read models beside the live ones, by several processes, and letting them take over."""
