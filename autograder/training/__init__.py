"""Every model trained once, the same way every time.

    candidate ── fit/: the call told as data, what came of it replayed
        │  a socket of its own; a closed set of values crosses
    server    jobs: what was asked, digested    memory: what came of it before    queue: what waits
        │  a socket a slot
    slot      a process with TensorFlow and one device: build, estimate, train; never a line of a student's

`client` starts the server and hands it the host's ends; `devices` says how many slots there are, and on what.
"""
