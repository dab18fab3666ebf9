"""What streams are read from: shards of files, and hub data sets in streaming mode."""
