"""Transform: pure functions over pandas frames. Knows schemas only; reads and keeps nothing."""
