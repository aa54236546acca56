"""What each student of the sample class gets, assignment by assignment."""

EXPECTED = {
    "mnist": {
        "perfect": 60,
        "different": 60,
        "quick": 60,  # grading puts QUICK = False back
        "wrong_kernel_size": 57.5,  # its row (0.5), the sum of parameters (1), another input shape (1)
        "no_network": 54,  # the network (6); a stand-in is trained, which reads the made-up digits as well
        "untrained": 36,  # the training (4), the accuracy (20)
        "shuffled_labels": 36,  # the training (4), the accuracy (20)
        "syntax_error": 58,  # one_hot (2); a stand-in makes the labels
        "exception_half_way": 58,  # compile (2); a stand-in compiles
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
    "fashion_mnist": {  # 8 more are given by hand
        "perfect": 62,
        "blank": 0,
        "validated_on_test": 55,  # the training (3), the last exercise (4)
        "trained_twice": 43,  # the training (3), the accuracy (12), the last exercise (4)
    },
    "cifar": {"perfect": 72, "blank": 0},  # 8 more are given by hand
}


ENDLESS = "endless_loop"  # cells of this student run into a limit long enough for all others, and that twice
STUDENTS = {assignment: tuple(one for one in scores if one != ENDLESS) for assignment, scores in EXPECTED.items()}
