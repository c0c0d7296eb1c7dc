# SPDX-License-Identifier: Apache-2.0
# Run by tests/test-introspection.sh: serves methods of bytes, calls them itself, and ends with “ok”.
import gc
import sys
import threading

import gi
gi.require_version("Micro", "1")
from gi.repository import GLib, Micro

kept, answers, headers = [], [], []


def bytes_of(text):
    return GLib.Bytes.new(text.encode())


# --- What it serves ---


def shout(call, request):
    kept.append((call, request))
    name = request.get_data().decode()
    assert call.get_codec() == Micro.Codec.BYTES
    if name == "nobody":
        call.fail_error(GLib.Error("nobody is there", "MicroError", Micro.Status.NOT_FOUND))
    elif name == "later":
        threading.Thread(target=lambda: call.reply_bytes(bytes_of("LATER"))).start()
    else:
        call.foreach_header(lambda name, value: headers.append((name, value)) or True)
        call.reply_bytes(bytes_of(name.upper()))


def chat(call, request):
    def told(call, event, message):
        kept.append((call, message))
        if event == Micro.StreamEvent.MESSAGE:
            call.send_bytes(bytes_of(message.get_data().decode().upper()))
        elif event == Micro.StreamEvent.ENDED:
            call.end()
    assert request is None
    call.stream_bytes(told)


# --- What it asks itself ---


def ask(client):
    options = Micro.CallOptions.new()
    options.wait_for_ready = True
    options.set_headers(["x-caller", "Python"])
    for name in ("Ada", "later", "nobody"):
        try:
            answers.append(client.call_bytes_sync("shouter", "Say.Shout", Micro.Codec.BYTES, bytes_of(name),
                                                  options).get_data())
        except GLib.Error as error:
            answers.append(Micro.status_to_string(Micro.error_get_status(error)))
    stream = client.open_bytes_stream_sync("shouter", "Say.Chat", Micro.Codec.BYTES, options)
    for name in ("one", "two"):
        assert stream.send_bytes_sync(bytes_of(name))
        answers.append(stream.receive_bytes_sync().get_data())
    stream.end()
    answers.append(stream.receive_bytes_sync())

    def told(stream, event, message, error):
        if event == Micro.StreamEvent.MESSAGE:
            answers.append(message.get_data())
            stream.end()
        elif event == Micro.StreamEvent.CLOSED:
            answers.append(error)
            closed.set()
    closed = threading.Event()
    client.open_bytes_stream_with_func("shouter", "Say.Chat", Micro.Codec.BYTES, options,
                                       told).send_bytes(bytes_of("three"))
    closed.wait()


def ask_and_quit():
    try:
        ask(app.get_client())
    finally:
        app.quit()


app = Micro.App.new("shouter", "1.0.0")
rest = app.init(sys.argv)
app.get_router().add_bytes("/shouter.Say/Shout", Micro.MethodKind.UNARY, shout)
app.get_router().add_bytes("/shouter.Say/Chat", Micro.MethodKind.BIDI, chat)
thread = threading.Thread(target=ask_and_quit)
thread.start()
assert app.run(rest) == 0
thread.join()
gc.collect()
assert answers == [b"ADA", b"LATER", "NOT_FOUND", b"ONE", b"TWO", None, b"THREE", None], answers
assert kept[0][1].get_data() == b"Ada" and ("x-caller", "Python") in headers
print("ok")
