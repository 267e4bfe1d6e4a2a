"""A door between worker and mail server that can be held shut behind one answer of the server, so
that a test can stop a worker, or cut its connection, at a known step."""
import socket
import threading


class Gate:
    def __init__(self, port):
        self.port = port
        self.held, self.release = threading.Event(), threading.Event()
        self._code, self._cuts = None, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, code, cut=False):
        """The next answer that begins with `code` waits for `release`; `held` says it came. With
        `cut` it never comes through, and both connections end."""
        self.held.clear()
        self.release.clear()
        self._code, self._cuts = code, cut

    def close(self):
        self.release.set()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            for pump, source, target in ((self._answers, server, client),
                                         (self._commands, client, server)):
                threading.Thread(target=pump, args=(source, target), daemon=True).start()

    def _commands(self, source, target):
        self._pump(source, target, lambda: source.recv(65536))

    def _answers(self, source, target):
        lines = source.makefile("rb")

        def line():
            text = lines.readline()
            if self._code and text.startswith(self._code.encode()):
                self._code = None
                self.held.set()
                if self._cuts:
                    return b""
                self.release.wait(60)
            return text

        self._pump(source, target, line)

    def _pump(self, source, target, read):
        try:
            while data := read():
                target.sendall(data)
        except OSError:
            pass  # one side is gone; so is the other below
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone already
