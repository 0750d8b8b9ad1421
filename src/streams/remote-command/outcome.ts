import type { CommandOutcome } from "./command.ts";

/** The protocols of remote commands that end with a Status; older ones end with a bare message, or with none. */
const withStatus: ReadonlySet<string> = new Set([
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "v5.channel.k8s.io",
  "v5.base64.channel.k8s.io",
]);

const nonZeroExitCode = "NonZeroExitCode";
const exitCodeCause = "ExitCode";

/** What is written on the error stream of a protocol when the command has ended; empty when nothing is to be said. */
export function outcomeText(protocol: string, outcome: CommandOutcome): string {
  if (withStatus.has(protocol)) return JSON.stringify(outcomeStatus(outcome));
  if (outcome.kind === "failed") return outcome.message;
  return outcome.code === 0 ? "" : exitMessage(outcome.code);
}

/** Reads what the other end wrote on its error stream. */
export function readOutcome(protocol: string, text: string): CommandOutcome {
  if (!withStatus.has(protocol)) return text === "" ? { kind: "exited", code: 0 } : { kind: "failed", message: text };
  const status = parsed(text);
  if (status?.status === "Success") return { kind: "exited", code: 0 };
  if (status?.status !== "Failure") return { kind: "failed", message: `error stream protocol error: ${problem(text)}` };
  if (status.reason === nonZeroExitCode) {
    const code = Number(status.details?.causes?.find(({ reason }) => reason === exitCodeCause)?.message);
    if (Number.isInteger(code)) return { kind: "exited", code };
    return { kind: "failed", message: "error stream protocol error: no ExitCode cause given" };
  }
  return { kind: "failed", message: status.message ?? "" };
}

interface OutcomeStatus {
  readonly metadata?: object;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function outcomeStatus(outcome: CommandOutcome): OutcomeStatus {
  if (outcome.kind === "failed") {
    return {
      metadata: {},
      status: "Failure",
      message: `Internal error occurred: ${outcome.message}`,
      reason: "InternalError",
      details: { causes: [{ message: outcome.message }] },
      code: 500,
    };
  }
  const { code } = outcome;
  if (code === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: ${exitMessage(code)}`,
    reason: nonZeroExitCode,
    details: { causes: [{ reason: exitCodeCause, message: String(code) }] },
  };
}

function exitMessage(code: number): string {
  return `command terminated with exit code ${code}`;
}

function parsed(text: string): OutcomeStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // told as a protocol error
  }
}

function problem(text: string): string {
  return text === "" ? "nothing was said" : `unknown error ${JSON.stringify(text)}`;
}
