# SPDX-License-Identifier: Apache-2.0
# Run by tests/test-introspection.sh with the .gir and --selector=python, beside a greeter: ends with “ok”.
import gc
import sys
import threading
import xml.etree.ElementTree

import gi
gi.require_version("Micro", "1")
from gi.repository import Gio, GLib, GObject, Micro

# --- Each function that gives a pointer says whose it is ---

core = "{http://www.gtk.org/introspection/core/1.0}"
for function in xml.etree.ElementTree.parse(sys.argv.pop(1)).iter():
    if function.tag[len(core):] not in ("function", "method", "constructor"):
        continue
    result = function.find(core + "return-value")
    type = result.find(core + "type")
    pointer = type is None or type.get("{http://www.gtk.org/introspection/c/1.0}type", "").endswith("*")
    if pointer and function.get("introspectable") != "0" and result.find(core + "doc") is None:
        sys.exit(f"{function.get('name')} of the .gir has no “Returns:”")

# --- Records go nowhere while somebody has them ---


def make_service(n):
    nodes = [Micro.Node.new(f"n{i}", f"127.0.0.1:{i}", Micro.Metadata.new_from_pairs(["zone", f"z{i}"]))
             for i in range(n)]
    return Micro.Service.new("made", None, None, None, nodes)


nodes = make_service(3).get_nodes()
event = Micro.Event.new_snapshot("made", [make_service(1), make_service(2)])
gc.collect()
assert [node.get_zone() for node in nodes] == ["z0", "z1", "z2"]
assert [len(service.get_nodes()) for service in event.get_services()] == [1, 2]
assert make_service(1).get_metadata() is None
assert Micro.Service.from_json(make_service(2).to_json(True), -1).equal(make_service(2))

# --- A selector is asked, and told how it went ---


class Selector(GObject.Object, Micro.Selector):
    picks, outcomes, told = [], [], threading.Semaphore(0)

    def do_select(self, service, pick):
        self.picks.append(pick)
        for node in service.get_nodes():
            if pick.may_use(node) and pick.hash_key != "nowhere":
                return node
        pick.fail(service)

    def do_done(self, service, node, outcome):
        self.outcomes.append((node.get_address(), outcome))
        self.told.release()


app = Micro.App.new("asker", "1.0.0")
Gio.IOExtensionPoint.implement("micro-selector", Selector, "python", 0)
assert app.init(sys.argv + ["rest"]) == [sys.argv[0], "rest"]
client = app.get_client()
assert isinstance(app.get_selector(), Selector)
assert [service.get_name() for service in client.list_services_sync()] == ["greeter"]
address = client.get_service_sync("greeter")[0].get_nodes()[0].get_address()

options = Micro.CallOptions.new()
options.set_headers(["x-caller", "Python"])
options.set_hash_key("Ada")
reply = client.call_bytes_sync("greeter", "Say.Hello", Micro.Codec.PROTO, GLib.Bytes.new(b"\n\x03Ada"), options)
assert reply.get_data() == b"\n\x09Hello Ada"
Selector.told.acquire()
gc.collect()
pick, outcome = Selector.picks[0], Selector.outcomes[0][1]
assert (pick.method, pick.hash_key, pick.attempt) == ("/greeter.Say/Hello", "Ada", 0)
assert pick.get_header("X-Caller") == "Python"
assert Selector.outcomes[0][0] == address and outcome.status == Micro.Status.OK and outcome.sent

# --- Errors are thrown, from both sides ---

for service, key, status in (("nobody", None, "NOT_FOUND"), ("greeter", "nowhere", "UNAVAILABLE")):
    options.set_hash_key(key)
    try:
        client.call_bytes_sync(service, "Say.Hello", Micro.Codec.JSON, GLib.Bytes.new(b"{}"), options)
        sys.exit(f"{service} was called")
    except GLib.Error as error:
        assert Micro.status_to_string(Micro.error_get_status(error)) == status, error

# --- Call-backs ---

loop = GLib.MainLoop()
client.call_bytes_async("greeter", "Say.Hello", Micro.Codec.JSON, GLib.Bytes.new(b'{"name": "Joan"}'), None, None,
                        lambda client, result: (replies.append(client.call_bytes_finish(result)), loop.quit()))
replies = []
loop.run()
assert replies[0].get_data() == b'{"msg":"Hello Joan"}'
Selector.told.acquire()
print("ok")
