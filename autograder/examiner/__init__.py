"""The examiner: whose name is it, and running an instructor's cells without a student's code.

statements, bindings, references   what a cell's statements do to names
ownership, plan                    whose each name is; what the examiner runs itself, and what it fetches
client, fork_server                the grader's side, and the process that forks for each notebook
examination, shell                 what runs in a fork: the instructor's cells against one candidate
"""
