import type { Duplex } from "node:stream";
import type { Clock } from "../../../host/index.ts";
import { type ContainerConfig, RuntimeError } from "../runtime.ts";
import type { AttachRequest, CommandTarget, ExecRequest, PortForwardTarget } from "../streaming.ts";
import { attachToProcess } from "./attach.ts";
import { type AnsweringContainer, connectToContainer } from "./http-answer.ts";
import type { SimulatedLog } from "./log.ts";
import type { SimulatedProcess } from "./process.ts";
import { runOnStreams } from "./session.ts";

/** A container as its streams see it. */
export interface StreamedContainer {
  readonly config: ContainerConfig;
  readonly hostname: string;
  readonly log: SimulatedLog;
  readonly process?: SimulatedProcess;
  /** Resolves with the exit code when it has ended. */
  readonly ended: Promise<number>;
}

export function execTarget(clock: Clock, container: StreamedContainer, request: ExecRequest): CommandTarget {
  const process = running(container, request.containerId);
  const { config, hostname } = container;
  const options = { clock, process, config, hostname, tty: request.tty };
  return { kind: "command", run: (streams) => runOnStreams(options, request.command, streams) };
}

export function attachTarget(clock: Clock, container: StreamedContainer, request: AttachRequest): CommandTarget {
  const process = running(container, request.containerId);
  const { config, hostname, log, ended } = container;
  const options = { clock, process, config, hostname, log, ended, tty: request.tty };
  return { kind: "command", run: (streams) => attachToProcess(options, streams) };
}

/** @param listening the container of the pod that listens, if one does: which ports it has is not known. */
export function portsTarget(sandboxId: string, listening: () => AnsweringContainer | undefined): PortForwardTarget {
  return {
    kind: "ports",
    connect: async (port) => connect(`namespace "${sandboxId}"`, port, listening()),
  };
}

function connect(where: string, port: number, container: AnsweringContainer | undefined): Duplex {
  if (container !== undefined) return connectToContainer(container);
  throw new Error(
    `failed to connect to localhost:${port} inside ${where}, IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
  );
}

function running({ process }: StreamedContainer, id: string): SimulatedProcess {
  if (process === undefined) throw new RuntimeError("Unknown", `container "${id}" is not running`);
  return process;
}
