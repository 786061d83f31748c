"""Outside programs: where they are, how they are run, and plans for them."""
