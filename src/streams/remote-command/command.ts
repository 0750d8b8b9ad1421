import type { Readable, Writable } from "node:stream";

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** Which streams of a command are wanted. With a terminal there is no stderr. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The near end of a command that runs elsewhere: what it reads and where its output goes. A stream that was not asked for is absent. */
export interface CommandStreams {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  /** Absent with a terminal, which has one output. */
  readonly stderr?: Writable;
  /** The sizes of the client's terminal, from the first one on. */
  readonly resizes?: AsyncIterable<TerminalSize>;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** How a remote command ended, as its client is told. */
export type CommandOutcome =
  | { readonly kind: "exited"; readonly code: number }
  /** It could not be run, or was lost. */
  | { readonly kind: "failed"; readonly message: string };

/** Runs a command on the streams; resolves when it has ended and its output is written. */
export type RemoteCommand = (streams: CommandStreams) => Promise<CommandOutcome>;
