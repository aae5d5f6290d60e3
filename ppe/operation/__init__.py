"""What keeps an installation running and tells how it does: backup, restore, health, metrics, retention and the log."""
