/** The machine's message bus (D-Bus), over which the kubelet speaks with systemd and its login manager. Who says what is theirs. */

export {
  array,
  BusError,
  type BusPort,
  type BusValue,
  boolean,
  openSystemBus,
  type SignalMatch,
  string,
  uint64,
} from "./system-bus.ts";
