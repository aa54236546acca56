"""One student's notebook against the instructor's version: matched and mended."""
