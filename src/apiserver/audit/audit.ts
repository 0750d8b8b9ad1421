import type { JsonObject } from "../../api/meta/index.ts";
import type { Counter, Host } from "../../host/index.ts";
import type { Attributes } from "../auth/index.ts";
import { type AuditPolicy, verdictOf } from "./policy.ts";
import { AuditTrail } from "./trail.ts";

/** What is known of a request when it comes in. */
export interface AuditedRequest {
  /** Of who really asks, whoever they impersonate. */
  readonly attributes: Attributes;
  readonly auditId: string;
  readonly requestUri: string;
  readonly sourceIPs: readonly string[];
  readonly userAgent?: string;
}

/** Where events go. */
export interface AuditSink {
  /** @throws Error when the event cannot be kept */
  write(event: JsonObject): void;
  close(): void;
}

/** Decides which requests are told of, and has them written. */
export class Audit {
  readonly #policy: AuditPolicy;
  readonly #sink: AuditSink;
  readonly #host: Pick<Host, "clock" | "log" | "metrics">;
  readonly #levels: Counter;
  readonly #events: Counter;
  readonly #errors: Counter;

  constructor(policy: AuditPolicy, sink: AuditSink, host: Pick<Host, "clock" | "log" | "metrics">) {
    this.#policy = policy;
    this.#sink = sink;
    this.#host = host;
    this.#levels = host.metrics.counter({
      name: "apiserver_audit_level_total",
      help: "Requests by the level of audit that the policy wants for them.",
      labels: ["level"],
    });
    this.#events = host.metrics.counter({
      name: "apiserver_audit_event_total",
      help: "Audit events that were written.",
    });
    this.#errors = host.metrics.counter({
      name: "apiserver_audit_error_total",
      help: "Audit events that could not be written.",
      labels: ["plugin"],
    });
  }

  /** Undefined when the policy wants nothing told of it. */
  begin(request: AuditedRequest): AuditTrail | undefined {
    const verdict = verdictOf(this.#policy, request.attributes);
    this.#levels.inc({ level: verdict.level });
    if (verdict.level === "None") return undefined;
    return new AuditTrail(request, verdict, this.#host.clock, this.#write);
  }

  /** A request is not to fail for its log. */
  readonly #write = (event: JsonObject): void => {
    try {
      this.#sink.write(event);
      this.#events.inc();
    } catch (error) {
      this.#errors.inc({ plugin: "log" });
      this.#host.log.error("an audit event could not be written", { auditID: event.auditID, error: String(error) });
    }
  };

  close(): void {
    this.#sink.close();
  }
}
