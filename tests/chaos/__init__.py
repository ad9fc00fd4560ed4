"""The long fault runs behind `make chaos`: seeds, real kills, simultaneous starts, planted bugs."""
