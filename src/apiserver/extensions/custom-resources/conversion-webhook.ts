import {
  ApiError,
  deepEqual,
  errors,
  formatApiVersion,
  type JsonObject,
  type JsonValue,
  parseApiVersion,
} from "../../../api/meta/index.ts";
import type { WebhookConversion } from "../../../api/types/index.ts";
import type { Host } from "../../../host/index.ts";
import { CallError, type ServiceClient } from "../service-client/index.ts";
import { ConversionMetrics } from "./conversion-metrics.ts";

const timeoutMs = 30_000;
const reviewVersions: readonly string[] = ["v1", "v1beta1"];
const headers = {
  "content-type": "application/json",
  accept: "application/json, */*",
  "user-agent": "kube-apiserver-admission",
};

export interface ConversionPorts {
  readonly host: Host;
  readonly services: ServiceClient;
}

/** Converts objects of one custom resource by asking the webhook that its definition names. */
export class ConversionWebhook {
  readonly #ports: ConversionPorts;
  readonly #webhook: WebhookConversion;
  readonly #name: string;
  readonly #metrics: ConversionMetrics;

  /** @param name of the definition, for metrics */
  constructor(ports: ConversionPorts, webhook: WebhookConversion, name: string) {
    this.#ports = ports;
    this.#webhook = webhook;
    this.#name = name;
    this.#metrics = new ConversionMetrics(ports.host);
  }

  /**
   * The objects, which are all of one version, in another one.
   * @throws ApiError 500 as the original words it
   */
  async convert(objects: readonly JsonObject[], to: string): Promise<JsonObject[]> {
    const [first] = objects;
    if (first === undefined) return [];
    const { clock } = this.#ports.host;
    const begun = clock.now();
    const from = String(first.apiVersion);
    const observe = (failure?: ConversionFailure) =>
      this.#metrics.observe({
        name: this.#name,
        from,
        to,
        seconds: (clock.now() - begun) / 1000,
        failure: failure?.type,
      });
    try {
      const converted = await this.#ask(objects, to, typeText(first));
      observe();
      return converted;
    } catch (error) {
      if (!(error instanceof ConversionFailure)) throw error;
      observe(error);
      throw plainFailure(error.message);
    }
  }

  async #ask(objects: readonly JsonObject[], to: string, type: string): Promise<JsonObject[]> {
    const { host, services } = this.#ports;
    const { clientConfig = {}, conversionReviewVersions } = this.#webhook;
    const version = conversionReviewVersions.find((one) => reviewVersions.includes(one)) ?? "v1";
    const apiVersion = `apiextensions.k8s.io/${version}`;
    const uid = host.random.uuid();
    const request = { uid, desiredAPIVersion: to, objects };
    const body = JSON.stringify({ kind: "ConversionReview", apiVersion, request });
    const failed = (why: string) =>
      new ConversionFailure("webhook_call_failure", `conversion webhook for ${type} failed: ${why}`);
    let answer: { status: number; body: Buffer };
    try {
      answer = await services.call(clientConfig, { headers, body, query: `timeout=${timeoutMs / 1000}s`, timeoutMs });
    } catch (error) {
      if (error instanceof CallError || error instanceof ApiError || error instanceof Error)
        throw failed(error.message);
      throw error;
    }
    if (answer.status >= 300) throw failed(refusalText(answer));
    const converted = convertedObjects(answer.body, apiVersion, uid, failed);
    if (converted.length !== objects.length) {
      throw malformed(
        `conversion webhook for ${type} returned ${converted.length} objects, expected ${objects.length}`,
      );
    }
    const isOne = objects.length === 1;
    return converted.map((one, i) =>
      checked(one, { original: objects[i] ?? {}, to, type, index: isOne ? undefined : i }),
    );
  }
}

type FailureType =
  | "webhook_call_failure"
  | "malformed_conversion_review"
  | "partial_response"
  | "invalid_converted_object";

class ConversionFailure extends Error {
  override readonly name = "ConversionFailure";
  readonly type: FailureType;

  constructor(type: FailureType, message: string) {
    super(message);
    this.type = type;
  }
}

function malformed(message: string): ConversionFailure {
  return new ConversionFailure("partial_response", message);
}

/** What the original tells as a plain error, without a reason. */
function plainFailure(message: string): ApiError {
  const { status } = errors.internalError(new Error(message));
  return new ApiError({ ...status, reason: "", message, details: undefined });
}

/** `example.org/v1, Kind=Widget` */
function typeText({ apiVersion, kind }: JsonObject): string {
  return `${String(apiVersion)}, Kind=${String(kind)}`;
}

function refusalText({ status, body }: { status: number; body: Buffer }): string {
  const text = body.toString().trim();
  try {
    const told = JSON.parse(text) as { message?: unknown };
    if (typeof told.message === "string" && told.message !== "") return told.message;
  } catch {
    // It is no Status.
  }
  return text !== "" ? text : `the server responded with the status code ${status} but did not return more information`;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function convertedObjects(
  body: Buffer,
  apiVersion: string,
  uid: string,
  failed: (why: string) => ConversionFailure,
): JsonObject[] {
  let review: JsonValue;
  try {
    review = JSON.parse(body.toString()) as JsonValue;
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(review)) throw failed("no response provided");
  if (review.apiVersion !== apiVersion || review.kind !== "ConversionReview") {
    const { group, version } = parseApiVersion(String(review.apiVersion ?? ""));
    const got = `${formatApiVersion({ group, version })}, Kind=${String(review.kind ?? "")}`;
    throw failed(`expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${got}`);
  }
  const { response } = review;
  if (!isObject(response)) throw failed("no response provided");
  if (response.uid !== uid) {
    throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`);
  }
  const result = isObject(response.result) ? response.result : {};
  if (result.status !== "Success") {
    const { message } = result;
    if (typeof message === "string" && message !== "") throw failed(message);
    throw failed(`response.result.status was '${String(result.status ?? "")}', not 'Success'`);
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects.filter(isObject) : [];
}

const unchangeable = ["kind", "name", "namespace", "uid"] as const;

interface Asked {
  readonly original: JsonObject;
  readonly to: string;
  readonly type: string;
  /** Undefined where the object was the only one. */
  readonly index: number | undefined;
}

/** A converted object may differ in all but what it is; of its metadata only labels and annotations are taken over. */
function checked(converted: JsonObject, { original, to, type, index }: Asked): JsonObject {
  const returns = (what: string) =>
    new ConversionFailure("invalid_converted_object", `conversion webhook for ${type} returned ${what}`);
  const object = index === undefined ? "invalid object" : `invalid converted object at index ${index}`;
  if (converted.apiVersion !== to) {
    const at = index === undefined ? `${object} at index 0` : object;
    throw returns(`${at}: invalid groupVersion (expected ${to}, received ${String(converted.apiVersion ?? "")})`);
  }
  const metadata = isObject(original.metadata) ? original.metadata : {};
  const returned = isObject(converted.metadata) ? converted.metadata : {};
  for (const field of unchangeable) {
    const before = field === "kind" ? original.kind : metadata[field];
    const after = field === "kind" ? converted.kind : returned[field];
    if (deepEqual(before ?? "", after ?? "")) continue;
    const what = field === "uid" ? "UID" : field;
    throw returns(`${object}: must have the same ${what}: ${String(before ?? "")} != ${String(after ?? "")}`);
  }
  const { labels: _labels, annotations: _annotations, ...kept } = metadata;
  const restored: JsonObject = { ...kept };
  for (const field of ["labels", "annotations"] as const) {
    const value = returned[field];
    if (!isObject(value)) continue;
    const wrong = Object.keys(value).find((key) => typeof value[key] !== "string");
    if (wrong !== undefined) {
      const place = index === undefined ? "invalid metadata" : `invalid metadata in object at index ${index}`;
      throw returns(`${place}: metadata.${field}[${wrong}] must be a string`);
    }
    if (Object.keys(value).length > 0) restored[field] = value;
  }
  return { ...converted, metadata: restored };
}
