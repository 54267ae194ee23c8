# expect: exception RecursionError | class: recursion | timeout: 20
async def f():
    await f()


try:
    f().send(None)
except RecursionError:
    raise RecursionError("caught") from None
