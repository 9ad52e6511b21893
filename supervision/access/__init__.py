"""Who may see and do what: people and rights, signing in, sessions, the gate in front of all."""
