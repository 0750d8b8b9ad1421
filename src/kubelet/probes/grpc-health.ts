import type { ServiceError } from "@grpc/grpc-js";
import { formatDuration } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { ProbeOutcome } from "./prober.ts";

/** The published health checking protocol. */
const descriptor = {
  nested: {
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                Health: {
                  methods: { Check: { requestType: "HealthCheckRequest", responseType: "HealthCheckResponse" } },
                },
                HealthCheckRequest: { fields: { service: { id: 1, type: "string" } } },
                HealthCheckResponse: { fields: { status: { id: 1, type: "ServingStatus" } } },
                ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } },
              },
            },
          },
        },
      },
    },
  },
};
const name = "grpc.health.v1.Health";

/** Asks a server for its health as the original does: a connection of its own, no TLS. */
export async function grpcHealth(
  clock: Clock,
  address: string,
  service: string,
  timeoutSeconds: number,
  userAgent: string,
): Promise<ProbeOutcome> {
  const [grpc, { serviceDefinition }] = await Promise.all([import("@grpc/grpc-js"), import("../../grpc/index.ts")]);
  const Client = grpc.makeGenericClientConstructor(serviceDefinition(descriptor, name, { int64: "number" }), name);
  const client = new Client(address, grpc.credentials.createInsecure(), {
    "grpc.primary_user_agent": userAgent,
    "grpc.use_local_subchannel_pool": 1,
  });
  const deadline = clock.now() + timeoutSeconds * 1000;
  try {
    return await new Promise<ProbeOutcome>((resolve) => {
      const check: unknown = Reflect.get(client, "Check");
      if (typeof check !== "function") throw new Error(`${name} has no method Check`);
      check.call(client, { service }, { deadline }, (error: ServiceError | null, answer: { status: string }) => {
        if (error === null) resolve(judge(answer.status));
        else
          resolve({
            result: "failure",
            output: failureText(error, address, formatDuration(timeoutSeconds * 1000), grpc.status),
          });
      });
    });
  } finally {
    client.close();
  }
}

function judge(status: string): ProbeOutcome {
  if (status === "SERVING") return { result: "success", output: "service healthy" };
  return { result: "failure", output: `service unhealthy (responded with "${status}")` };
}

function failureText(
  error: ServiceError,
  address: string,
  timeout: string,
  status: Readonly<Record<string, number | string>>,
): string {
  switch (error.code) {
    case status.UNIMPLEMENTED:
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`;
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${timeout}`;
    case status.UNAVAILABLE:
      return `timeout: failed to connect service "${address}" within ${timeout}: context deadline exceeded`;
    default:
      return `error: health rpc probe failed: ${error.details}`;
  }
}
