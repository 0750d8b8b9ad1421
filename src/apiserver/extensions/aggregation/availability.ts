import { formatTime } from "../../../api/meta/index.ts";
import type { APIService, APIServiceCondition, EndpointSlice, Service } from "../../../api/types/index.ts";

/** Whether a group version's server can be used, and why not: in the original's words. */
export interface Availability {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export const passed: Availability = { status: "True", reason: "Passed", message: "all checks passed" };

const defaultPort = 443;

/** What the cluster's objects say against asking the server at all; undefined when it is to be asked. */
export function objection(
  { spec }: APIService,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Availability | undefined {
  const { namespace = "", name = "", port = defaultPort } = spec.service ?? {};
  const called = `service/${name} in ${JSON.stringify(namespace)}`;
  const no = (reason: string, message: string): Availability => ({ status: "False", reason, message });
  if (service === undefined) return no("ServiceNotFound", `${called} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (found === undefined) return no("ServicePortError", `${called} is not listening on port ${port}`);
  if (slices.length === 0) return no("EndpointsNotFound", `cannot find endpointslices for ${called}`);
  const portName = found.name ?? "";
  if (slices.some((slice) => hasEndpoint(slice, portName))) return undefined;
  const message = `endpointslices for ${called} have no addresses with port name ${JSON.stringify(portName)}`;
  return no("MissingEndpoints", message);
}

function hasEndpoint({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const isServed = ports?.some(({ name, port }) => (name ?? "") === portName && port != null) ?? false;
  return isServed && (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
}

/** The server was asked for its discovery document and did not give it. */
export function failedDiscovery(message: string): Availability {
  return { status: "False", reason: "FailedDiscoveryCheck", message };
}

/** The conditions with this one in them; undefined when they say so already. */
export function withAvailability(
  service: APIService,
  { status, reason, message }: Availability,
  nowMs: number,
): APIServiceCondition[] | undefined {
  const conditions = service.status?.conditions ?? [];
  const told = conditions.find(({ type }) => type === "Available");
  if (told?.status === status && told.reason === reason && told.message === message) return undefined;
  const lastTransitionTime = told?.status === status ? told.lastTransitionTime : formatTime(nowMs);
  const available: APIServiceCondition = { type: "Available", status, lastTransitionTime, reason, message };
  if (told === undefined) return [...conditions, available];
  return conditions.map((condition) => (condition === told ? available : condition));
}
