"""Repo tools for developers; no part of the program."""
