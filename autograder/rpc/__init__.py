"""What crosses between a student's kernel (the candidate) and the examiner.

    frames     bytes on a socket: one JSON text and some buffers, with limits
    encoder    values -> nodes             decoder     nodes -> values, strictly
    numeric    arrays, tensors, tables     proxies     handles to objects that stay where they are
    exposed    objects that have handles   mutations   what a call changed in its arguments
    links      containers on both sides    introspection, reflection, subclassing   what a test asks of a class
    file_sync  files that a cell wrote     peer        requests and answers, either way
    written_files  the files that a notebook wrote, at its end

Keras models cross by `keras_codec`.

A message is a flat table of nodes. A node is a JSON object; `t` says of which kind. A node's children are JSON scalars,
or `[n]`: node n of the same message, or `[n, 0]`: node n of the request that this message answers. So aliasing and
cycles are kept, and however deep a value is, its JSON is not. The set of kinds is closed: never pickle, never code.
Everything else crosses as a handle, or not at all.

This package is also seen by the student's code, which gains nothing by it: whatever the candidate sends is decoded here
as if a stranger had written it.
"""
