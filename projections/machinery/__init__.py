"""What keeps read models live and rebuilds them; it knows none of them."""
