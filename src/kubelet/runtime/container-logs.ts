export interface LogLine {
  readonly atMs: number;
  /** RFC 3339 with nine digits of a second, where the log tells more than milliseconds. */
  readonly time?: string;
  /** Without a line end. */
  readonly text: string;
  /** Left out by who does not keep the two apart. */
  readonly stream?: "stdout" | "stderr";
  /** More of the same line follows: no line end is printed. */
  readonly partial?: boolean;
}

/** What containers printed; CRI leaves it to files on the node, a simulation keeps it itself. */
export interface ContainerLogs {
  /** The lines kept so far, oldest first. */
  lines(containerId: string): Promise<readonly LogLine[]>;
  /** The lines kept so far, then those to come until the container ends or the signal is aborted. */
  follow(containerId: string, signal?: AbortSignal): AsyncIterable<LogLine>;
}
