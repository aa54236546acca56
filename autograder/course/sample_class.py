"""A class of made-up students: what each hands in for mnist and foundations, and some for fashion_mnist.

A submission is the released notebook with the reference's answers, changed as the student's habit says. Used by the
demo and by the tests, which hold the scores that each is expected to get.
"""

from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

Change = Callable[[NotebookNode, str], NotebookNode | str | None]  # a text is a file that is no notebook any more

# What Colab puts before a notebook that it saves to GitHub.
_COLAB_LINK = {
    "cell_type": "markdown",
    "metadata": {"id": "view-in-github", "colab_type": "text"},
    "source": '<a href="https://colab.research.google.com/github/a/b/blob/main/c.ipynb" target="_parent">'
    '<img src="https://colab.research.google.com/assets/colab-badge.svg" alt="Open In Colab"/></a>',
}


def _cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def _answer(notebook: NotebookNode, **sources: str) -> NotebookNode:
    for grade_id, source in sources.items():
        _cell(notebook, grade_id)["source"] = source
    return notebook


def released(root: Path, assignment: str) -> NotebookNode:
    """The assignment's released notebook, read from `root`/release."""
    return nbformat.read(root / "release" / assignment / f"{assignment}.ipynb", as_version=4)


def solved(root: Path, assignment: str) -> NotebookNode:
    """The released notebook with the reference's answers in it, as a student who solved everything hands it in."""
    notebook = released(root, assignment)
    source = nbformat.read(root / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            lines = [line for line in cell.source.splitlines() if "SOLUTION" not in line]
            _cell(notebook, cell.metadata.nbgrader.grade_id)["source"] = "\n".join(lines)
    return notebook


def perfect(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Solves everything as the reference does."""
    return notebook


def different(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Solves everything in another way that is just as right."""
    if assignment == "mnist":
        return _answer(
            notebook,
            preprocess="def preprocess(images):\n"
            "    n, height, width = images.shape\n"
            "    return (images / 255).astype(np.float32).reshape((n, height, width, 1))",
            build_model="def build_model(input_shape, num_classes):\n"
            "    image = x = keras.Input(input_shape)\n"
            "    for filters in (32, 64):\n"
            "        x = keras.layers.Convolution2D(filters, 3, activation=keras.ops.relu)(x)\n"
            "        x = keras.layers.MaxPool2D()(x)\n"
            "    x = keras.layers.Dense(64, activation='relu')(keras.layers.Flatten()(x))\n"
            "    x = keras.layers.Dropout(rate=0.5)(x)\n"
            "    return keras.Model(image, keras.layers.Dense(num_classes, activation='softmax')(x))",
            compile_model="def compile_model(model):\n"
            "    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])\n"
            "    return model",
        )
    return _answer(
        notebook,
        dense="def dense(X, W, b):\n"
        "    return np.einsum('ni,im->nm', X, W) + b\n\n"
        "def softmax(Z):\n"
        "    return np.exp(Z - np.logaddexp.reduce(Z, axis=1)[:, None])\n\n"
        "def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):\n"
        "    return f_out(dense(f_hidden(dense(X, W1, b1)), W2, b2))",
        max_pool="def max_pool(image, size, stride):\n"
        "    rows, columns = (range(0, n - size + 1, stride) for n in image.shape)\n"
        "    return [[image[i:i + size, j:j + size].max() for j in columns] for i in rows]",
    )


def quick(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Solves everything and forgets to set QUICK back to False."""
    return _answer(notebook, setup=_cell(notebook, "setup")["source"].replace("QUICK = False", "QUICK = True"))


def one_answer(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Solves a single exercise, pooling, and leaves all others."""
    if assignment != "foundations":
        return None
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.metadata.nbgrader.grade_id != "max_pool":
            cell["source"] = "raise NotImplementedError"
    return notebook


def wrong_kernel_size(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Gives the first layer kernels of 5×5."""
    if assignment != "mnist":
        return None
    source = _cell(notebook, "build_model")["source"]
    return _answer(notebook, build_model=source.replace("kernel_size=(3, 3)", "kernel_size=(5, 5)"))


def no_network(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Solves everything but the network."""
    if assignment != "mnist":
        return None
    return _answer(notebook, build_model="def build_model(input_shape, num_classes):\n    raise NotImplementedError")


def untrained(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Hands in the network as it came from `build_model`."""
    if assignment != "mnist":
        return None
    return _answer(notebook, train="def train(model, x, y):\n    return keras.callbacks.History()")


def hasty(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Trains for two epochs instead of ten."""
    if assignment != "mnist":
        return None
    source = _cell(notebook, "train")["source"]
    return _answer(notebook, train=source.replace("epochs=epochs", "epochs=2"))


def shuffled_labels(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Trains on labels that belong to other images."""
    if assignment != "mnist":
        return None
    source = _cell(notebook, "train")["source"]
    shuffle = "    y = np.random.default_rng(0).permutation(y)\n    return model.fit("
    return _answer(notebook, train=source.replace("    return model.fit(", shuffle))


def validated_on_test(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Validates on the test images, and leaves the last exercise."""
    if assignment != "fashion_mnist":
        return None
    source = _cell(notebook, "train_own")["source"]
    tested = source.replace("validation_split=0.1", "validation_data=(x_test, raw_y_test)")
    return _answer(notebook, train_own=tested, transfer="raise NotImplementedError")


def trained_twice(notebook: NotebookNode, assignment: str) -> NotebookNode | None:
    """Compiles and trains for all epochs of the budget, and then once more; leaves the last exercise."""
    if assignment != "fashion_mnist":
        return None
    source = _cell(notebook, "train_own")["source"].replace("epochs=min(8, max_epochs)", "epochs=max_epochs")
    once = source.replace("def train_own", "def train_once")
    twice = "def train_own(model, x, y):\n    train_once(model, x, y)\n    return train_once(model, x, y)"
    return _answer(notebook, train_own=f"{once}\n\n\n{twice}", transfer="raise NotImplementedError")


def syntax_error(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Leaves one answer with a bracket open."""
    grade_id = {"mnist": "one_hot", "foundations": "dense"}[assignment]
    return _answer(notebook, **{grade_id: "def one_hot(labels, num_classes:\n    return to_categorical(labels"})


def endless_loop(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Has one answer that never returns."""
    grade_id = {"mnist": "predict_digit", "foundations": "dense"}[assignment]
    first = _cell(notebook, grade_id)["source"].splitlines()[0]
    return _answer(notebook, **{grade_id: f"{first}\n    while True:\n        pass"})


def exception_half_way(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Has one cell in the middle that raises."""
    grade_id = {"mnist": "compile_model", "foundations": "dense"}[assignment]
    return _answer(notebook, **{grade_id: 'raise ValueError("something is wrong here")'})


def empty(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Hands in a notebook without a single cell."""
    notebook.cells = []
    return notebook


def colab(notebook: NotebookNode, assignment: str) -> NotebookNode:
    """Solves everything in Colab, which writes notebooks its own way: nbformat 4.0, ids in the metadata, a badge."""
    notebook.nbformat_minor = 0
    notebook.metadata = nbformat.from_dict(
        {
            "colab": {
                "provenance": [{"file_id": "1aB2cD3", "timestamp": 1700000000000}],
                "authorship_tag": "ABX9TyM0000000000000000000000",
                "collapsed_sections": ["000000000001"],
                "gpuType": "T4",
                "include_colab_link": True,
                "toc_visible": True,
            },
            "accelerator": "GPU",
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"0a1b": {"model_name": "LayoutModel"}}},
        }
    )
    for position, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata["id"] = f"{position:012x}"
        for key in ("deletable", "editable"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.metadata["outputId"] = f"{position:08x}-0000-4000-8000-000000000000"
            cell.metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 35}
            user = {"displayName": "A Student", "userId": "00000000000000000000"}
            cell.metadata["executionInfo"] = {"status": "ok", "timestamp": 1700000000000, "user": user, "user_tz": -180}
            result = {"text/plain": "'1'", "application/vnd.google.colaboratory.intrinsic+json": {"type": "string"}}
            cell.outputs = [nbformat.v4.new_output("execute_result", result, execution_count=position)]
            cell.execution_count = position
    notebook.cells.insert(0, nbformat.from_dict(_COLAB_LINK))
    return notebook


def cut_off(notebook: NotebookNode, assignment: str) -> str:
    """Solves everything, but the upload broke off half way through the file."""
    text: str = nbformat.writes(notebook)
    return text[: len(text) // 2]


STUDENTS: dict[str, Change] = {
    change.__name__: change
    for change in (
        perfect,
        different,
        quick,
        one_answer,
        wrong_kernel_size,
        no_network,
        untrained,
        hasty,
        shuffled_labels,
        validated_on_test,
        trained_twice,
        syntax_error,
        endless_loop,
        exception_half_way,
        empty,
        colab,
        cut_off,
    )
}


def hand_in(root: Path, course: Path, student: str, assignment: str) -> Path | None:
    """Write the submission of `student` from the notebooks of `root` into `course`/submitted; `blank` is as released.

    Returns its path, or None where this student hands in nothing for that assignment.
    """
    blank = student == "blank"
    notebook = released(root, assignment) if blank else STUDENTS[student](solved(root, assignment), assignment)
    if notebook is None:
        return None
    path = course / "submitted" / student / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, str):
        path.write_text(notebook, encoding="utf-8")
    else:
        nbformat.write(notebook, path, version=nbformat.NO_CONVERT)
    return path
