# expect: ok | class: escape | stdout: nothing
try:
    import socket

    for fd in range(10):
        try:
            print(socket.socket(fileno=fd))
        except (OSError, TypeError):
            pass
except (ImportError, AttributeError):
    pass
print("nothing")
