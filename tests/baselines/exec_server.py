"""The specification's own design, as short as it gets: JSON behind four bytes of length, a connection for each request,
a thread for each connection, exec() without any sandbox. What benchmarks compare with."""

import json
import socket
import sys
import threading
import traceback


def receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def run(task):
    names = {}
    try:
        exec(task["program"], names)
        result = names[task.get("function", "main")](*task.get("args", []), **task.get("kwargs", {}))
        return {"type": "CPU_RESULT", "task_id": task.get("task_id"), "result": result, "error": None}
    except Exception:
        error = traceback.format_exc()
        return {"type": "CPU_RESULT", "task_id": task.get("task_id"), "result": None, "error": error}


def serve(connection):
    with connection:
        try:
            length = int.from_bytes(receive(connection, 4), "big")
            message = json.loads(receive(connection, length))
        except (EOFError, ValueError):
            return
        reply = run(message) if message["type"] == "CPU_TASK" else {"type": "ERROR", "error": "unknown message"}
        data = json.dumps(reply).encode()
        connection.sendall(len(data).to_bytes(4, "big") + data)


def main():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
        server.listen(512)
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
