"""What a host keeps on its disk, read without disturbing it: pure readers that know nothing of the ledger."""
