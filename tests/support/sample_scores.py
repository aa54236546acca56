"""What each student of the sample class gets, assignment by assignment."""

EXPECTED = {
    "mnist": {
        "perfect": 60,
        "different": 60,
        "quick": 60,  # grading puts QUICK = False back
        "wrong_kernel_size": 54,  # its row (1), the sum of parameters (2), another input shape (3)
        "untrained": 44,  # the history (4), the accuracy (12)
        "shuffled_labels": 48,  # the accuracy (12)
        "syntax_error": 41,  # one_hot (3), so no labels: the history (4), the accuracy (12)
        "exception_half_way": 40,  # compile (4), so no training: the history (4), the accuracy (12)
        "empty": 0,
        "blank": 0,
        "colab": 60,
        "hasty": None,  # by the ramp: see below
    },
    "foundations": {
        "perfect": 100,
        "different": 100,
        "one_answer": 3,
        "syntax_error": 91,  # dense layer, softmax, two layers (9): one cell of answers
        "endless_loop": 91,
        "exception_half_way": 91,
        "empty": 0,
        "blank": 0,
        "colab": 100,
    },
    "fashion_mnist": {"perfect": 52, "blank": 0},  # 8 more are given by hand
    "cifar": {"perfect": 40, "blank": 0},
}


ENDLESS = "endless_loop"  # cells of this student run into a limit long enough for all others, and that twice
