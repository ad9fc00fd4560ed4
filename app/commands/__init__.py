"""The sub-commands of `perpconsole`, one module a family; heavy imports stand inside the functions."""
