"""Read models: each folder holds one fold, its tables and its queries; every row can be made again from the events."""
