"""What a host keeps on its disk, into a ledger: what its readers tell becomes deliveries, each recorded once."""
