"""What a reader of the report should know first, from the evaluation document alone."""
