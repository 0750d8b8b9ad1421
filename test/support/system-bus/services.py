"""systemd and its login manager as far as a kubelet asks them, for tests: they do nothing but remember.

Every line of the output is a JSON event; every line of the input is a command:
  shutdown true|false   emit PrepareForShutdown
  delay SECONDS         the longest delay from now on
  fail UNIT             the next job of this unit fails
  sync NUMBER           tell that all before it was told
"""

import glob
import json
import os
import re
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

CONFIG = sys.argv[1]
LOGIN = "org.freedesktop.login1.Manager"
SYSTEMD = "org.freedesktop.systemd1.Manager"
PROPERTIES = "org.freedesktop.DBus.Properties"


def tell(**event):
    print(json.dumps(event), flush=True)


def plain(value):
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (dbus.UInt64, dbus.Int64)):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return str(value)


def named(properties):
    return {str(name): plain(value) for name, value in properties}


class Login(dbus.service.Object):
    delay = 5.0

    @dbus.service.method(LOGIN, in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):
        ours, theirs = os.pipe()
        GLib.io_add_watch(ours, GLib.IO_HUP, self._released)
        tell(event="inhibit", what=what, who=who, why=why, mode=mode)
        # It is copied for the message; when the receiver closes its own, ours hears of it.
        handed = dbus.types.UnixFd(theirs)
        os.close(theirs)
        return handed

    def _released(self, fd, _condition):
        os.close(fd)
        tell(event="released")
        return False

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, _interface, name):
        if name == "InhibitDelayMaxUSec":
            return dbus.UInt64(int(self.delay * 1_000_000))
        raise dbus.exceptions.DBusException(name, name="org.freedesktop.DBus.Error.UnknownProperty")

    @dbus.service.signal(LOGIN, signature="b")
    def PrepareForShutdown(self, active):
        pass

    def reload(self):
        for path in glob.glob(os.path.join(CONFIG, "*.conf")):
            with open(path, encoding="utf8") as file:
                found = re.search(r"^InhibitDelayMaxSec=(\d+)$", file.read(), re.M)
                if found:
                    self.delay = float(found.group(1))


class Systemd(dbus.service.Object):
    units = set()
    failing = set()
    jobs = 0

    def _job(self, unit):
        Systemd.jobs += 1
        number, job = Systemd.jobs, dbus.ObjectPath(f"/org/freedesktop/systemd1/job/{Systemd.jobs}")
        result = "failed" if unit in self.failing else "done"
        self.failing.discard(unit)
        GLib.idle_add(lambda: self.JobRemoved(number, job, unit, result) and False)
        return job

    @dbus.service.method(SYSTEMD, in_signature="ssi")
    def KillUnit(self, unit, who, signal):
        tell(event="kill", unit=unit, who=who, signal=int(signal))
        login.reload()

    @dbus.service.method(SYSTEMD, in_signature="ssa(sv)a(sa(sv))", out_signature="o")
    def StartTransientUnit(self, unit, mode, properties, _others):
        unit = str(unit)
        if unit in self.units:
            raise dbus.exceptions.DBusException(
                f"Unit {unit} already exists.", name="org.freedesktop.systemd1.UnitExists"
            )
        if unit not in self.failing:
            self.units.add(unit)
        tell(event="start", unit=unit, mode=mode, properties=named(properties))
        return self._job(unit)

    @dbus.service.method(SYSTEMD, in_signature="sba(sv)")
    def SetUnitProperties(self, unit, runtime, properties):
        if str(unit) not in self.units:
            raise dbus.exceptions.DBusException(f"Unit {unit} not found.", name="org.freedesktop.systemd1.NoSuchUnit")
        tell(event="set", unit=str(unit), runtime=bool(runtime), properties=named(properties))

    @dbus.service.method(SYSTEMD, in_signature="ss", out_signature="o")
    def StopUnit(self, unit, mode):
        unit = str(unit)
        if unit not in self.units:
            raise dbus.exceptions.DBusException(
                f"Unit {unit} not loaded.", name="org.freedesktop.systemd1.NoSuchUnit"
            )
        self.units.discard(unit)
        tell(event="stop", unit=unit, mode=mode)
        return self._job(unit)

    @dbus.service.method(SYSTEMD, in_signature="s")
    def ResetFailedUnit(self, unit):
        tell(event="reset", unit=str(unit))

    @dbus.service.method(SYSTEMD)
    def Subscribe(self):
        pass

    @dbus.service.signal(SYSTEMD, signature="uoss")
    def JobRemoved(self, number, job, unit, result):
        pass

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, _interface, name):
        return {"Version": "252.38"}[name]


def obey(line):
    verb, argument = line.split()
    if verb == "shutdown":
        login.PrepareForShutdown(argument == "true")
    elif verb == "delay":
        login.delay = float(argument)
    elif verb == "sync":
        tell(event="sync", number=int(argument))
    elif verb == "fail":
        systemd.failing.add(argument)


unfinished = b""


def command(fd, _condition):
    """Reads what there is: lines that a buffer kept would wake nobody."""
    global unfinished
    chunk = os.read(fd, 4096)
    if chunk == b"":
        loop.quit()
        return False
    *lines, unfinished = (unfinished + chunk).split(b"\n")
    for line in lines:
        obey(line.decode())
    return True


DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
names = [dbus.service.BusName(f"org.freedesktop.{name}", bus) for name in ("login1", "systemd1")]
login = Login(bus, "/org/freedesktop/login1")
systemd = Systemd(bus, "/org/freedesktop/systemd1")
GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, command)
loop = GLib.MainLoop()
tell(event="ready")
loop.run()
