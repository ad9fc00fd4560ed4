"""Shipped profiles and venue sheets; read them with importlib.resources.files("configs")."""
