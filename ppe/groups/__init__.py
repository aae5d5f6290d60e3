"""Groups: what kind they are, who is in them through others, and whom the directory counts among their members."""
