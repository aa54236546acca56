"""Every model trained once, the same way every time.

    candidate   kernel_side/: the call of `fit` as data, what came of it replayed
        │  a socket of its own; a closed set of values crosses
    server      jobs: what was asked, digested    cache: what came of it before    queue: what waits
        │  a socket a slot
    worker      a process with TensorFlow and one device: job_model, cost, fit; never a line of a student's

What crosses is a message (`fit_messages`, `server_messages`, `worker_messages`), sent and read by `protocol`. `client`
starts the server and hands it the host's ends; `training_record` is what it gives back; `devices` says how many slots
there are, and on what; `leakage` finds a test's inputs among what was trained on.
"""
