"""How fast the sync line is, against a floor measured in the same run: `make bench` (README.md says what it means)."""
