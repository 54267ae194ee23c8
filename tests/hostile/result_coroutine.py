# expect: exception TypeError | class: result | function: main | error: coroutine
async def main():
    return 1
