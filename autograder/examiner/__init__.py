"""The examiner: whose name is it (`names`, `plan`), and running an instructor's cells without a student's code."""
