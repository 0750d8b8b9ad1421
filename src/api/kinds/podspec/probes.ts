import type { FieldError, FieldPath, IntOrString } from "../../meta/index.ts";
import { fieldError, isHTTPHeaderName, isPortName, isValidPortNum } from "../../meta/index.ts";
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from "../../types/index.ts";
import { checkNonNegative, checkWith } from "../field-checks.ts";

export type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

export function checkProbe(
  probe: Probe | undefined,
  kind: ProbeKind,
  graceSeconds: number,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!probe) return;
  checkHandler(probe, graceSeconds, path, out);
  checkNonNegative(probe.initialDelaySeconds, path.child("initialDelaySeconds"), out);
  checkNonNegative(probe.timeoutSeconds, path.child("timeoutSeconds"), out);
  checkNonNegative(probe.periodSeconds, path.child("periodSeconds"), out);
  checkNonNegative(probe.successThreshold, path.child("successThreshold"), out);
  checkNonNegative(probe.failureThreshold, path.child("failureThreshold"), out);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    out.push(fieldError.invalid(path.child("terminationGracePeriodSeconds"), grace, "must be greater than 0"));
  }
  if (kind === "readinessProbe") {
    if (grace !== undefined) {
      const detail = "must not be set for readinessProbes";
      out.push(fieldError.invalid(path.child("terminationGracePeriodSeconds"), grace, detail));
    }
  } else if (probe.successThreshold !== 1) {
    out.push(fieldError.invalid(path.child("successThreshold"), probe.successThreshold ?? 0, "must be 1"));
  }
}

export function checkLifecycle(
  lifecycle: Lifecycle | undefined,
  graceSeconds: number,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!lifecycle) return;
  if (lifecycle.postStart) checkHandler(lifecycle.postStart, graceSeconds, path.child("postStart"), out);
  if (lifecycle.preStop) checkHandler(lifecycle.preStop, graceSeconds, path.child("preStop"), out);
  if (lifecycle.stopSignal) {
    const detail = "may not be set for containers with empty `spec.os.name`";
    out.push(fieldError.forbidden(path.child("stopSignal"), detail));
  }
}

type Handler = LifecycleHandler & Pick<Probe, "grpc">;

/** Exactly one action, and that one well-formed. */
function checkHandler(handler: Handler, graceSeconds: number, path: FieldPath, out: FieldError[]): void {
  const actions: ((at: FieldPath) => void)[] = [];
  const consider = (name: string, check: (at: FieldPath) => void) => {
    if (actions.length > 0)
      out.push(fieldError.forbidden(path.child(name), "may not specify more than 1 handler type"));
    else check(path.child(name));
    actions.push(check);
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec) {
    consider("exec", (at) => {
      if ((exec.command ?? []).length === 0) out.push(fieldError.required(at.child("command"), ""));
    });
  }
  if (httpGet) consider("httpGet", (at) => checkHTTPGet(httpGet, at, out));
  if (tcpSocket) consider("tcpSocket", (at) => checkPort(tcpSocket.port, at.child("port"), out));
  if (grpc) consider("grpc", (at) => checkPort(grpc.port, at.child("port"), out));
  if (sleep) consider("sleep", (at) => checkSleep(sleep.seconds, graceSeconds, at, out));
  if (actions.length === 0) out.push(fieldError.required(path, "must specify a handler type"));
}

function checkSleep(seconds: number, graceSeconds: number, path: FieldPath, out: FieldError[]): void {
  if (seconds >= 0 && seconds <= graceSeconds) return;
  const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  out.push(fieldError.invalid(path, seconds, detail));
}

function checkHTTPGet(action: HTTPGetAction, path: FieldPath, out: FieldError[]): void {
  if (!action.path) out.push(fieldError.required(path.child("path"), ""));
  checkPort(action.port, path.child("port"), out);
  if (action.scheme !== "HTTP" && action.scheme !== "HTTPS") {
    out.push(fieldError.notSupported(path.child("scheme"), action.scheme ?? "", ["HTTP", "HTTPS"]));
  }
  for (const header of action.httpHeaders ?? []) {
    checkWith(isHTTPHeaderName(header.name), header.name, path.child("httpHeaders"), out);
  }
}

export function checkPort(port: IntOrString | undefined, path: FieldPath, out: FieldError[]): void {
  const value = port ?? 0;
  if (typeof value === "number") checkWith(isValidPortNum(value), value, path, out);
  else checkWith(isPortName(value), value, path, out);
}
