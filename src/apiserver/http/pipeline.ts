import type { DelegatedGroupVersion, KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { ApiError, errors, isReason, type KubeObject, statusOf } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import type { AdmissionChain } from "../admission/index.ts";
import type { Audit, AuditTrail } from "../audit/index.ts";
import {
  type Authenticator,
  type Authorizer,
  type Impersonator,
  nameSelected,
  requireAllowed,
  requireAllowedAndTell,
} from "../auth/index.ts";

import { type Limiter, type ListQuestion, ListSeats } from "../flow/index.ts";
import { deprecationOf, warningsOfError, withWarnings } from "../handlers/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, UserInfo } from "../request.ts";
import { AuditedExchange, auditTrailOf } from "./audited-exchange.ts";
import { hasProtobuf } from "./codecs.ts";
import { deadlineOf, within } from "./deadline.ts";
import type { DelegatedServers } from "./delegated-servers.ts";
import { ConnectionLost, type Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import {
  metaForms,
  metaFormsButTable,
  type NegotiateOptions,
  negotiateOutput,
  type OutputForm,
  plainJson,
} from "./negotiate.ts";
import { admitConnect, type KubeletClient, type PodContainers } from "./nodes/index.ts";
import { notFoundText, type PathRoutes, sendText } from "./path-routes.ts";
import { asksToWatch, parseQuery, type Query } from "./query.ts";
import { readRequest, requestWithoutBody } from "./read-request.ts";
import { attributesOf, parseRequestInfo, type RequestInfo } from "./request-info.ts";
import type { RequestMetrics } from "./request-metrics.ts";
import { type AnswerContext, answer, answerStatus } from "./respond.ts";
import { findRoute, type Route, UnknownPath } from "./route.ts";
import { includeObjectOf } from "./table.ts";
import { WatchPace } from "./watch-pace.ts";
import { WatchStream } from "./watch-stream.ts";

export interface PipelineOptions {
  readonly host: Host;
  /** Handles what has been authorized here. */
  readonly handler: ApiHandler;
  readonly kinds: KindRegistry;
  readonly authenticator: Authenticator;
  readonly impersonator: Impersonator;
  readonly authorizer: Authorizer;
  readonly limiter: Limiter;
  readonly paths: PathRoutes;
  readonly metrics: RequestMetrics;
  readonly kubelets: KubeletClient;
  /** Asked about requests to what runs; all others pass it in the handler. */
  readonly admission: AdmissionChain;
  /** Group versions that other servers serve; without it there are none. */
  readonly delegates?: DelegatedServers;
  /** Tells of requests; without it nobody does. */
  readonly audit?: Audit;
}

/** A request on its way: what is known of it so far. */
interface Call {
  exchange: Exchange;
  trail?: AuditTrail;
  readonly info: RequestInfo;
  readonly query: Query;
  readonly auditId: string;
  readonly startMs: number;
}

const longRunningSubresources: ReadonlySet<string> = new Set(["attach", "exec", "proxy", "log", "portforward"]);
const streamOptions: NegotiateOptions = { allowed: metaForms, stream: true, collection: true };
const collectionOptions: NegotiateOptions = { allowed: metaForms, collection: true };
const objectOptions: NegotiateOptions = { allowed: metaForms };
/** An id that a client chose is repeated in the answer: only what a header can hold. */
const auditIdPattern = /^[\x21-\x7e]{1,128}$/;

/** Who, whether, how many at once, what: the way of every HTTP request. */
export class RequestPipeline {
  readonly #options: PipelineOptions;
  readonly #watchPace: WatchPace;
  readonly #listSeats = new ListSeats();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#watchPace = new WatchPace(options.host.clock);
  }

  /** Answers one request. Never throws and never rejects. */
  readonly serve = (exchange: Exchange): void => {
    const call = this.#begin(exchange);
    if (call === undefined) return;
    void this.#run(call)
      .catch((error: unknown) => this.#fail(call, error))
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.stack : String(error);
        this.#options.host.log.error("a request could not be answered", { path: call.info.path, error: why });
        exchange.abandon();
      });
  };

  #begin(exchange: Exchange): Call | undefined {
    const { host } = this.#options;
    const given = exchange.headers["audit-id"];
    const auditId = typeof given === "string" && auditIdPattern.test(given) ? given : host.random.uuid();
    const question = exchange.url.indexOf("?");
    const rawPath = question < 0 ? exchange.url : exchange.url.slice(0, question);
    const query = parseQuery(question < 0 ? "" : exchange.url.slice(question + 1));
    try {
      const info = parseRequestInfo(exchange.method, rawPath, () => asksToWatch(query));
      return { exchange, info, query, auditId, startMs: host.clock.now() };
    } catch {
      sendText({ exchange, auditId }, 400, "400 Bad Request: invalid URL escape\n");
      return undefined;
    }
  }

  async #run(call: Call): Promise<void> {
    const { impersonator, limiter, audit } = this.#options;
    const { info } = call;
    const known = this.#authenticate(call);
    const real = known instanceof Promise ? await known : known;
    const isLong = isLongRunning(info);
    if (audit !== undefined) this.#tell(audit, call, real, isLong);
    const { exchange } = call;
    const user = impersonator.userOf(exchange.headers, real);
    if (user !== real) call.trail?.impersonating(user);
    if (isLong && info.verb !== "watch") return this.#authorized(call, user);
    const flow = limiter.flowOf(user, info);
    exchange.common = flow.headers;
    if (isLong) return this.#authorized(call, user);
    const seats = info.verb === "list" ? this.#listSeats.of(listQuestion(call)) : 1;
    const waiting = flow.take(user, info, seats, deadlineOf(call.query));
    const seat = waiting instanceof Promise ? await waiting : waiting;
    if (seat === undefined) {
      this.#tooMany(call, flow.retryAfterSeconds);
      return;
    }
    try {
      await this.#authorized(call, user);
    } finally {
      seat.give();
    }
  }

  #authenticate(call: Call): UserInfo | Promise<UserInfo> {
    const { authenticator, audit } = this.#options;
    const { exchange } = call;
    if (audit === undefined) return authenticator.authenticate(exchange, exchange.connection);
    const authenticated = async () => authenticator.authenticate(exchange, exchange.connection);
    return authenticated().catch((error: unknown) => {
      this.#tell(audit, call, nobody, true);
      throw error;
    });
  }

  #tell(audit: Audit, call: Call, user: UserInfo, tellsStart: boolean): void {
    const { exchange, info, query, auditId } = call;
    const trail = auditTrailOf(audit, exchange, info, query, auditId, user);
    if (trail === undefined) return;
    call.trail = trail;
    call.exchange = new AuditedExchange(exchange, trail, tellsStart);
  }

  #requireAllowed({ info, query, trail }: Call, user: UserInfo): void {
    const { authorizer } = this.#options;
    const attributes = attributesOf(info, user, query);
    if (trail === undefined) requireAllowed(authorizer, attributes);
    else requireAllowedAndTell(authorizer, attributes, trail);
  }

  async #authorized(call: Call, user: UserInfo): Promise<void> {
    const { kinds } = this.#options;
    const { exchange, info } = call;
    this.#requireAllowed(call, user);
    const { delegates } = this.#options;
    const delegated = delegatedOf(kinds, info);
    if (delegates !== undefined && delegated !== undefined) {
      this.#observe(call, await delegates.serve(delegated, exchange, user));
      return;
    }
    if (!info.isResource) return this.#path(call, user);
    const route = findRoute(kinds, info, exchange.method);
    if (route.connect) return this.#connect(call, route, user);
    if (info.verb === "watch") return this.#watch(call, route, user);
    const form = this.#form(call, route, info.verb === "list" ? collectionOptions : objectOptions);
    const deadline = deadlineOf(call.query);
    const request =
      info.verb === "get" || info.verb === "list"
        ? requestWithoutBody(exchange, info, route, call.query, user)
        : { ...(await this.#read(call, route, user)), deadline: this.#options.host.clock.now() + deadline };
    const { handler, host } = this.#options;
    const { trail } = call;
    trail?.sent(request.body);
    const audited = trail === undefined ? request : { ...request, audit: trail };
    const response = await within(host.clock, deadline, handler.handle(audited));
    trail?.answered(response);
    if (response.kind === "list") this.#learnCount(call, response);
    const sending = answer(this.#context(call, route, form), response);
    if (sending !== undefined) await sending;
    this.#observe(call, response.kind === "list" ? 200 : response.code);
  }

  /** How many there are is known to who lists all, or the first page of them. */
  #learnCount(call: Call, { items, metadata }: ApiResponse & { kind: "list" }): void {
    const { info, query } = call;
    if (query.has("continue") || query.has("fieldSelector") || query.has("labelSelector")) return;
    this.#listSeats.learn(info, items.length + (metadata.remainingItemCount ?? 0));
  }

  /** Who asks for what is on its way out is told so, even if the body cannot be read. */
  async #read(call: Call, route: Route, user: UserInfo): Promise<ApiRequest> {
    try {
      return await readRequest(call.exchange, call.info, route, call.query, user);
    } catch (error) {
      const deprecation = deprecationOf(route.kind);
      // No patch of an unknown type gets as far as the resource.
      const isRouted = !isReason(error, "UnsupportedMediaType");
      throw isRouted && deprecation !== undefined ? withWarnings(error, [deprecation]) : error;
    }
  }

  async #path(call: Call, user: UserInfo): Promise<void> {
    const { exchange, info, query, auditId } = call;
    const { path } = info;
    const handler = this.#options.paths.find(path);
    if (handler !== undefined) {
      await handler({ exchange, path, query, user, auditId });
      return;
    }
    if (this.#isBelowApi(path)) throw errors.genericNotFound();
    throw new UnknownPath(path);
  }

  /** Paths whose group exists are answered with a Status, all others as plain text. */
  #isBelowApi(path: string): boolean {
    const [, prefix, group = ""] = path.split("/");
    if (prefix === "api") return true;
    return prefix === "apis" && this.#options.kinds.servedGroup(group) !== undefined;
  }

  async #watch(call: Call, route: Route, user: UserInfo): Promise<void> {
    const { handler, metrics } = this.#options;
    const { exchange, info, query } = call;
    const context = this.#context(call, route, this.#form(call, route, streamOptions));
    const base = requestWithoutBody(exchange, info, route, query, user);
    const aborter = new AbortController();
    const events = metrics.watchEvents(info);
    const stream = new WatchStream(context, this.#watchPace, (sent) => events.inc(sent));
    exchange.onFinished(() => aborter.abort());
    const watching = await handler.watch({ ...base, signal: aborter.signal }, stream);
    const open = metrics.longRunning(info);
    open.inc();
    exchange.onFinished(() => {
      open.dec();
      this.#observe(call, 200);
    });
    stream.accept(watching);
  }

  async #connect(call: Call, route: Route, user: UserInfo): Promise<void> {
    const { handler, kubelets, host } = this.#options;
    const { exchange, info, query } = call;
    if (info.subresource === "proxy") {
      await admitConnect(this.#options.admission, route.kind, info, query, user);
      const { serveProxy } = await import("./nodes/proxy.ts");
      const code = await serveProxy({ handler, kubelets, random: host.random }, info, user, exchange);
      this.#observe(call, code);
      return;
    }
    if (info.subresource !== "log") throw errors.badRequest("Upgrade request required");
    const get = { ...requestWithoutBody(exchange, info, route, noQuery, user), verb: "get" as const };
    const response = await handler.handle({ ...get, subresource: undefined });
    if (response.kind !== "object") throw errors.genericNotFound();
    const pod = response.object as KubeObject & PodContainers;
    const { sendPodLog } = await import("./nodes/log.ts");
    await sendPodLog(kubelets, pod, query, exchange, answerHeaders("text/plain", call.auditId));
    this.#observe(call, 200);
  }

  #form(call: Call, route: Route, options: NegotiateOptions): OutputForm {
    const { answerKind } = route;
    let offered = hasProtobuf(answerKind) ? options : { ...options, protobuf: false };
    if (answerKind?.verbs.includes("get") === false) offered = { ...offered, allowed: metaFormsButTable };
    const form = negotiateOutput(call.exchange.headers.accept, offered);
    return form.format === "json" && wantsPretty(call) ? { ...form, pretty: true } : form;
  }

  #context(call: Call, route: Route, form: OutputForm): AnswerContext {
    return {
      exchange: call.exchange,
      form,
      kind: route.answerKind,
      includeObject: includeObjectOf(call.query.get("includeObject")),
      auditId: call.auditId,
      now: this.#options.host.clock.now(),
      clock: this.#options.host.clock,
    };
  }

  #kindOf({ info }: Call): ResourceKind | undefined {
    return this.#options.kinds.byResource(info.group, info.version, info.resource);
  }

  #tooMany(call: Call, retryAfterSeconds: number): void {
    const { exchange, auditId } = call;
    const headers = answerHeaders("text/plain; charset=utf-8", auditId);
    headers["retry-after"] = String(retryAfterSeconds);
    exchange.send(429, headers, "Too many requests, please try again later.\n");
    this.#observe(call, 429);
  }

  #observe(call: Call, code: number): void {
    const { metrics, host } = this.#options;
    metrics.of(call.info, call.query.has("dryRun")).observe(code, (host.clock.now() - call.startMs) / 1000);
  }

  async #fail(call: Call, error: unknown): Promise<void> {
    if (error instanceof ConnectionLost || call.exchange.finished) return;
    if (error instanceof UnknownPath) {
      sendText(call, 404, notFoundText);
      return;
    }
    if (!(error instanceof ApiError)) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.#options.host.log.error("request failed", { path: call.info.path, verb: call.info.verb, error: stack });
    }
    const status = statusOf(error);
    const code = status.code ?? 500;
    call.trail?.failed(status);
    try {
      await answerStatus({ ...call, form: statusForm(call, this.#kindOf(call)) }, code, status, warningsOfError(error));
    } catch (cause) {
      // The form that was asked for has no way to say it.
      this.#options.host.log.debug("answered a failure as JSON", { path: call.info.path, error: String(cause) });
      await answerStatus({ ...call, form: plainJson }, code, status);
    }
    this.#observe(call, code);
  }
}

function listQuestion({ info, query }: Call): ListQuestion {
  const { group, resource, namespace } = info;
  const fields = query.get("fieldSelector")?.[0];
  return {
    group,
    resource,
    namespace,
    isOfOne: nameSelected(fields) !== undefined,
    limit: Number(query.get("limit")?.[0] ?? 0),
    hasSelector: Boolean(fields || query.get("labelSelector")?.[0]),
  };
}

/** Who could not prove who they are. */
const nobody: UserInfo = { name: "", groups: [] };

const noQuery: Query = new Map();

/** A group version that another server serves, its discovery document included. */
export function delegatedOf(kinds: KindRegistry, info: RequestInfo): DelegatedGroupVersion | undefined {
  if (info.isResource) return kinds.delegated(info.group, info.version);
  const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)\/?$/.exec(info.path) ?? [];
  return group === undefined || version === undefined ? undefined : kinds.delegated(group, version);
}

function isLongRunning(info: RequestInfo): boolean {
  return info.verb === "watch" || (info.subresource !== "" && longRunningSubresources.has(info.subresource));
}

/** A failure is told in the form that the client takes, as far as there is one. */
function statusForm(call: Call, kind: ResourceKind | undefined): OutputForm {
  try {
    const form = negotiateOutput(
      call.exchange.headers.accept,
      hasProtobuf(kind) ? objectOptions : { ...objectOptions, protobuf: false },
    );
    return { format: form.format, pretty: form.format === "json" && wantsPretty(call) };
  } catch {
    return plainJson;
  }
}

const prettyAgents = ["curl", "Wget", "Mozilla/5.0"];

function wantsPretty(call: Call): boolean {
  const asked = call.query.get("pretty")?.[0];
  if (asked !== undefined) return asked !== "0" && asked.toLowerCase() !== "false";
  const agent = call.exchange.headers["user-agent"];
  return agent !== undefined && prettyAgents.some((prefix) => agent.startsWith(prefix));
}
