/** Where a program reads and prints. */
export interface Io {
  print(text: string): void;
  printError(text: string): void;
  readonly input: Input;
}

/** What a program may know of a file or a folder. */
export interface FileFacts {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly isFolder: boolean;
  /** On a file system in memory. */
  readonly inMemory: boolean;
}

/** Files by their absolute path; a Map is one. */
export interface FileSystem extends Iterable<readonly [string, string]> {
  get(path: string): string | undefined;
  /** Of a file whose bytes are not those of its text. */
  bytes?(path: string): Uint8Array | undefined;
  has(path: string): boolean;
  set(path: string, text: string): unknown;
  delete(path: string): boolean;
  keys(): Iterable<string>;
  /** Whether writing there is refused. Left out: nowhere. */
  isReadOnly?(path: string): boolean;
  chmod?(path: string, mode: number): void;
  /** Undefined when there is nothing. */
  facts?(path: string): FileFacts | undefined;
}

/** Whom a program runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** May change the machine's network and the like. */
  readonly privileged: boolean;
}

/** What a simulated program can reach: its files, its variables, the time, its output. */
export interface ShellWorld {
  readonly files: FileSystem;
  readonly variables: Map<string, string>;
  /** Whom its programs run as. Left out: root. */
  readonly user?: User;
  /** Milliseconds since the epoch. */
  now(): number;
  print(text: string): void;
  printError(text: string): void;
  /** It did something that serves a network: from now on its ports answer. */
  listens(): void;
  /** What a program that is not simulated does: its exit code, or forever. */
  unknown(command: string): { readonly afterMs: number; readonly exitCode: number };
  /** Whether there is a folder of this name. Left out: there is. */
  isFolder?(path: string): boolean;
  /** Folders at the root that are shown beside those that hold files. */
  readonly folders?: readonly string[];
  /** What is answered to a request; undefined where nobody is known who could. Left out: nobody is. */
  ask?(url: URL, body?: string): { readonly status: number; readonly text: string } | undefined;
  /** What `trap` asked for on TERM. */
  onTerm(exitCode: number): void;
}

/** What a program reads: lines of a text that is there as a whole. */
export class Input {
  readonly #text: string;
  #at = 0;

  constructor(text = "") {
    this.#text = text;
  }

  /** The next line without its end; undefined after the last. */
  line(): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const end = this.#text.indexOf("\n", this.#at);
    const line = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return line;
  }
}

/** Yields how many milliseconds it sleeps, Infinity for a program that runs until it is stopped; returns its exit code. */
export type Running = Generator<number, number>;

/** A program used up the memory that it has. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** Leaves a script, a function or a loop. */
export class Leave extends Error {
  readonly what: "exit" | "return" | "break" | "continue";
  readonly code: number;
  /** How many loops are left. */
  readonly levels: number;

  constructor(what: Leave["what"], code: number, levels = 1) {
    super(`${what} ${code}`);
    this.what = what;
    this.code = code;
    this.levels = levels;
  }
}
