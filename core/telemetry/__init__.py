"""What leaves the core for watching: metrics, health, logs, alerts and the console's picture. Never a decision."""
