"""What is hidden whole: the map between an example's cells and its maskable units."""
