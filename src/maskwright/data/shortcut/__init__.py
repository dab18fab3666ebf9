"""A shortcut that the user names, and the test texts without it in three ways."""
