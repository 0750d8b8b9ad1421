/**
 * A real container runtime behind the ContainerRuntime port: CRI v1 over gRPC. Loaded only where containers are real.
 */
export { type CriOptions, type CriRuntime, openCriRuntime } from "./cri-runtime.ts";
export { CriLogs, logTail } from "./log-files.ts";
