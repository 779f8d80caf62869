"""Which routing key, engine key, session and transcript belonged together, over time."""
