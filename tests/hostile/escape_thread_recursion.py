# expect: exception RuntimeError | class: escape
"""A thread that starts a thread that starts a thread."""
import _thread

failed = []


def again(n):
    try:
        _thread.start_new_thread(again, (n + 1,))
    except RuntimeError as error:
        failed.append(error)


again(0)
raise failed[0].with_traceback(None)
