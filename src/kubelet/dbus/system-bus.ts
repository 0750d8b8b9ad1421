import type { MessageBus } from "@jellybrick/dbus-next";
import { type Clock, TimeoutError, type Timer, withTimeout } from "../../host/index.ts";

/** What somebody on the bus refused, by the name that it gave the error; or `Disconnected` and `NoReply` of the bus itself. */
export class BusError extends Error {
  override readonly name = "BusError";
  /** `org.freedesktop.DBus.Error.ServiceUnknown`, ... */
  readonly type: string;

  constructor(type: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }
}

/** A value that says of which type it is, as properties of unknown types are sent. */
export interface BusValue {
  readonly signature: string;
  readonly value: unknown;
}

export const boolean = (value: boolean): BusValue => ({ signature: "b", value });
export const string = (value: string): BusValue => ({ signature: "s", value });
export const uint64 = (value: bigint): BusValue => ({ signature: "t", value });
export const array = (value: readonly string[]): BusValue => ({ signature: "as", value: [...value] });

/** An object on the bus and what it is asked for. */
export interface BusTarget {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

export type SignalMatch = Omit<BusTarget, "destination">;

/** A connection to a bus. */
export interface BusPort {
  /** Calls a method. @param signature of the values, such as `ss` @throws BusError */
  call(target: BusTarget, signature?: string, body?: readonly unknown[]): Promise<readonly unknown[]>;
  /** Reads a property. @throws BusError */
  property(target: BusTarget): Promise<unknown>;
  /** Tells of every such signal, from when it resolves. */
  onSignal(match: SignalMatch, sink: (body: readonly unknown[]) => void): Promise<{ stop(): void }>;
  /** Resolves when the connection is gone, closed by either side. */
  readonly closed: Promise<void>;
  close(): void;
}

/** How long somebody on the bus may take to answer: the usual time of D-Bus. */
const replyWithinMs = 25_000;
/** The library does not tell that a connection ended, and keeps what is sent then: the bus itself is asked for. */
const pingEveryMs = 5_000;
const pingWithinMs = 5_000;
const bus = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

/**
 * Connects to the system's bus, which `DBUS_SYSTEM_BUS_ADDRESS` may name.
 * @throws BusError when there is none
 */
export async function openSystemBus(clock: Clock): Promise<BusPort> {
  // Only nodes that need it load it.
  const library = await import("@jellybrick/dbus-next");
  const connection = library.systemBus();
  const connected = new Promise<void>((resolve, reject) => {
    connection.on("connect", resolve);
    connection.on("error", (error) => reject(asBusError(error)));
  });
  try {
    await withTimeout(clock, replyWithinMs, () => connected);
  } catch (error) {
    connection.disconnect();
    throw asBusError(error);
  }
  return new SystemBus(clock, library, connection);
}

type Library = typeof import("@jellybrick/dbus-next");

class SystemBus implements BusPort {
  readonly closed: Promise<void>;
  readonly #clock: Clock;
  readonly #library: Library;
  readonly #connection: MessageBus;
  readonly #gone: () => void;
  #isClosed = false;
  #ping: Timer | undefined;

  constructor(clock: Clock, library: Library, connection: MessageBus) {
    this.#clock = clock;
    this.#library = library;
    this.#connection = connection;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#gone = resolve;
    connection.on("error", () => this.close());
    this.#schedulePing();
  }

  call(target: BusTarget, signature = "", body: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.#call(target, signature, body, replyWithinMs);
  }

  async #call(
    target: BusTarget,
    signature: string,
    body: readonly unknown[],
    withinMs: number,
  ): Promise<readonly unknown[]> {
    if (this.#isClosed) throw new BusError("Disconnected", "the connection to the system bus is closed");
    const { Message } = this.#library;
    const message = new Message({ ...target, signature, body: body.map((value) => this.#toLibrary(value)) });
    try {
      const reply = await withTimeout(this.#clock, withinMs, () => this.#connection.call(message));
      return reply?.body ?? [];
    } catch (error) {
      throw asBusError(error);
    }
  }

  async property({ destination, path, interface: name, member }: BusTarget): Promise<unknown> {
    const target = { destination, path, interface: "org.freedesktop.DBus.Properties", member: "Get" };
    const [found] = await this.call(target, "ss", [name, member]);
    return found instanceof this.#library.Variant ? found.value : found;
  }

  async onSignal(match: SignalMatch, sink: (body: readonly unknown[]) => void): Promise<{ stop(): void }> {
    const listener = (message: InstanceType<Library["Message"]>) => {
      const { type, path, interface: name, member } = message;
      if (type !== this.#library.MessageType.SIGNAL) return;
      if (path === match.path && name === match.interface && member === match.member) sink(message.body);
    };
    this.#connection.on("message", listener);
    const rule = `type='signal',path='${match.path}',interface='${match.interface}',member='${match.member}'`;
    await this.call({ ...bus, member: "AddMatch" }, "s", [rule]);
    return {
      stop: () => {
        this.#connection.off("message", listener);
        if (this.#isClosed) return;
        // Nobody waits for it: without a listener a signal is heard by nobody either way.
        this.call({ ...bus, member: "RemoveMatch" }, "s", [rule]).catch(() => undefined);
      },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ping?.cancel();
    this.#connection.disconnect();
    this.#gone();
  }

  #schedulePing(): void {
    this.#ping = this.#clock.setTimer(pingEveryMs, () => {
      this.#call({ ...bus, member: "GetId" }, "", [], pingWithinMs).then(
        () => {
          if (!this.#isClosed) this.#schedulePing();
        },
        () => this.close(),
      );
    });
  }

  /** Values that tell their type are the library's variants. */
  #toLibrary(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#toLibrary(item));
    return isBusValue(value) ? new this.#library.Variant(value.signature, value.value) : value;
  }
}

function isBusValue(value: unknown): value is BusValue {
  return typeof value === "object" && value !== null && "signature" in value && "value" in value;
}

function asBusError(error: unknown): BusError {
  if (error instanceof BusError) return error;
  if (error instanceof TimeoutError)
    return new BusError("NoReply", `nobody on the system bus answered: ${error.message}`);
  const type = typeof error === "object" && error !== null && "type" in error ? String(error.type) : "Disconnected";
  const text = error instanceof Error ? error.message : String(error);
  return new BusError(type, text, { cause: error });
}
