"""Who may do what at a service: tokens, their scopes, and the keyring that a running service looks them up in."""
