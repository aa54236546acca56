"""Where student code runs, and only here: a Jupyter kernel in a sandbox.

- `candidate`: the kernel, as the rest of the package sees it
- `provisioner`: starts ipykernel in the sandbox; `environment`: the variables and folders that it sees
- `agent`: what becomes the kernel, beside the student's code
- `fork_server`, `forking`: kernels forked from a process that has imported much already, in namespaces of their own
- `channels`, `jupyter_messages`: what the kernel sends, bounded, and read strictly
"""
