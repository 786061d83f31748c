"""What the vendor's tools report, as records."""
