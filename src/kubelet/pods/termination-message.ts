import { open } from "node:fs/promises";
import { hasCode } from "../../host/index.ts";
import { logTail } from "../runtime/cri/log-files.ts";
import { terminationMessagePathAnnotation, terminationMessagePolicyAnnotation } from "../runtime/labels.ts";
import type { ContainerStatus } from "../runtime/runtime.ts";

const messageMax = 4096;
const logLinesMax = 80;
const logBytesMax = 2048;

/**
 * What a container said at its end: the file that it was given for that, or the end of its log when it failed and the pod
 * wants that. What the runtime says of the end stands before it.
 */
export async function terminationMessage(status: ContainerStatus): Promise<string | undefined> {
  const said = await ownMessage(status);
  if (said === "") return status.message;
  return status.message === undefined ? said : `${status.message}: ${said}`;
}

async function ownMessage({ annotations, mounts = [], exitCode, reason, logPath }: ContainerStatus): Promise<string> {
  const path = annotations[terminationMessagePathAnnotation] ?? "";
  const mount = path === "" ? undefined : mounts.find(({ containerPath }) => containerPath === path);
  const text = mount === undefined ? "" : await readEnd(mount.hostPath);
  const wantsLog = annotations[terminationMessagePolicyAnnotation] === "FallbackToLogsOnError";
  const failed = exitCode !== 0 && reason !== "ContainerCannotRun";
  return text === "" && wantsLog && failed ? logTail(logPath, logLinesMax, logBytesMax) : text;
}

/** The last part of the file, as much as a status may hold. */
async function readEnd(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const length = Math.min(size, messageMax);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    return `Error on reading termination log ${path}: ${error instanceof Error ? error.message : error}`;
  }
}
