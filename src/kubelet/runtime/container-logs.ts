export interface LogLine {
  readonly atMs: number;
  /** Without a line end. */
  readonly text: string;
}

/** What containers printed; CRI leaves it to files on the node, a simulation keeps it itself. */
export interface ContainerLogs {
  /** The lines kept so far, oldest first. */
  lines(containerId: string): Promise<readonly LogLine[]>;
  /** The lines kept so far, then those to come until the container ends. */
  follow(containerId: string): AsyncIterable<LogLine>;
}
