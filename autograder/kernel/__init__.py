"""Where student code runs, and only here: a Jupyter kernel in a sandbox, with limits.

- `kernel`: the candidate, as the rest of the package sees it
- `sandbox`: the bubblewrap command, and whether a sandbox can be made here
- `provisioner`: starts ipykernel in the sandbox
- `agent`: what becomes the kernel, beside the student's code
- `nursery`, `forks`: candidates forked from a process that has imported much already, behind walls of their own
- `messages`: what the kernel sends, read strictly
- `limits`: how much it may use, and the watchdog that ends it
- `attachments`: which of a student's files go with the notebook
"""
