"""What one user of a machine could hear of another's kernel: scripts that run as these users."""

#: Lets a kernel print the second argument for some seconds. The first is the id of a kernel of this user's server;
#: without one, a kernel is started as Jupyter starts it where nothing is set.
TALK = """
import sys, time
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from jupyter_core.paths import jupyter_runtime_dir
kernel, words, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
if kernel:
    client = BlockingKernelClient(connection_file=f"{jupyter_runtime_dir()}/kernel-{kernel}.json")
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=60)
else:
    manager, client = start_new_kernel()
end = time.monotonic() + seconds
heard = []
while time.monotonic() < end:
    client.execute_interactive(f"print({words!r})", output_hook=lambda message: heard.append(message["content"]))
    time.sleep(0.2)
client.stop_channels()
if not kernel:
    manager.shutdown_kernel(now=True)
print(sum(words in str(content.get("text")) for content in heard))
"""

#: Connects to every port and named socket that a user listens at, and prints all that it is sent for some seconds.
LISTEN = """
import sys, time
import zmq
uid, seconds = sys.argv[1], float(sys.argv[2])

def addresses():
    for name in ("tcp", "tcp6"):
        for line in open(f"/proc/net/{name}").readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[7] == uid:
                yield f"tcp://127.0.0.1:{int(fields[1].rpartition(':')[2], 16)}"
    for line in open("/proc/net/unix").readlines()[1:]:
        path = line.split(maxsplit=7)[7:]
        if path and path[0].startswith("/"):
            yield f"ipc://{path[0].strip()}"

context, listeners = zmq.Context(), {}
end = time.monotonic() + seconds
while time.monotonic() < end:
    for address in set(addresses()) - listeners.keys():
        listeners[address] = context.socket(zmq.SUB)
        listeners[address].linger = 0
        listeners[address].subscribe(b"")
        try:
            listeners[address].connect(address)
        except zmq.ZMQError:
            pass
    for listener in listeners.values():
        while listener.poll(0):
            print(listener.recv_multipart())
    time.sleep(0.1)
print(len(listeners), "sockets")
"""
