import { type Decoding, decodeKind } from "../../api/kinds/index.ts";
import {
  errors,
  formatApiVersion,
  type GroupVersionKind,
  type JsonObject,
  type JsonValue,
  type KubeObject,
  parseApiVersion,
} from "../../api/meta/index.ts";
import { type DecodeOptions, shapeOf, strictDecodingError, strictProblems } from "../../api/schema/index.ts";
import { type Call, type HandlerContext, warn } from "./context.ts";

/** The request's body as a draft of its kind: checked against the shape, with defaults. @throws ApiError 400. */
export function decodeBody(ctx: HandlerContext, call: Call): KubeObject {
  const { kind, request } = call;
  const draft = decodeAs(ctx, call, request.body, kind, kind);
  kind.strategy.applyDefaults?.(draft);
  return draft;
}

/** The body of a subresource that has a kind of its own (Binding, Eviction, Scale, TokenRequest). */
export function decodeSubresourceBody(ctx: HandlerContext, call: Call, gvk: GroupVersionKind): KubeObject {
  const shape = shapeOf(formatApiVersion(gvk), gvk.kind);
  if (shape === undefined) throw new Error(`no shape is known for ${gvk.kind} of ${formatApiVersion(gvk)}`);
  return decodeAs(ctx, call, call.request.body, gvk, { shape });
}

/** Unknown and duplicate fields are refused, told of or ignored, as the request's fieldValidation says. */
export function decodeAs(
  ctx: HandlerContext,
  call: Call,
  body: JsonValue | undefined,
  gvk: GroupVersionKind,
  kind: Decoding,
): KubeObject {
  const draft = kind.decode === undefined ? withTypeFields(ctx, body, gvk) : requireTypeFields(body, gvk);
  const validation = call.request.options.fieldValidation || "Warn";
  const reset = resetsManagers(draft);
  const decoded = decodeKind(draft, kind, { unknownFields: validation === "Ignore" ? "drop" : "collect" });
  if (validation !== "Ignore") {
    const problems = problemsOf(call, kind, decoded.unknownFields);
    if (validation === "Strict" && problems.length > 0) throw strictDecodingError(draft, kind.shape, problems);
    warnOf(call, problems);
  }
  return asObject(decoded.object, reset);
}

/** A built-in type is decoded in one go, so that its problems come as they stand in the document; else duplicates are found first. */
function problemsOf({ request }: Call, kind: Decoding, unknownFields: readonly string[]): string[] {
  if (kind.decode !== undefined || request.strictProblems === undefined) {
    return strictProblems(unknownFields, request.duplicateFields ?? []);
  }
  return strictProblems([], request.strictProblems(new Set(unknownFields)));
}

/** An empty list of managedFields means that nobody owns anything any more; decoding would take it for nothing said. */
function resetsManagers(object: JsonObject): boolean {
  const { metadata } = object;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return false;
  return Array.isArray(metadata.managedFields) && metadata.managedFields.length === 0;
}

/** What decoding by the shape of a kind made is an object of the API. */
function asObject(decoded: JsonObject, reset: boolean): KubeObject {
  const object = decoded as JsonObject & Partial<KubeObject>;
  object.metadata ??= {};
  if (reset) object.metadata.managedFields = [];
  return object as KubeObject;
}

function requireDocument(body: JsonValue | undefined, gvk: GroupVersionKind): JsonObject {
  if (body === undefined) throw unrecognized(gvk, "unexpected end of JSON input", "<empty>");
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    const type = Array.isArray(body) ? "array" : body === null ? "null" : typeof body;
    const why = `cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
    throw unrecognized(gvk, `json: ${why}`, summary(body));
  }
  return body;
}

/** Custom resources say what they are: nothing is filled in. Another kind is told of when the object is validated. */
function requireTypeFields(body: JsonValue | undefined, gvk: GroupVersionKind): JsonObject {
  const object = requireDocument(body, gvk);
  if (typeof object.kind !== "string" || object.kind === "") {
    const text = JSON.stringify(object);
    const why = `Object 'Kind' is missing in '${text}' (${summary(object)})`;
    throw errors.badRequest(`the object provided is unrecognized (must be of type ${gvk.kind}): ${why}`);
  }
  const apiVersion = typeof object.apiVersion === "string" ? object.apiVersion : "";
  if (apiVersion !== formatApiVersion(gvk)) throw wrongVersion(apiVersion, gvk);
  return object;
}

function wrongVersion(apiVersion: string, wanted: GroupVersionKind): Error {
  return errors.badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${formatApiVersion(wanted)})`,
  );
}

/** Fills apiVersion and kind where they are missing, and refuses others than expected. */
function withTypeFields(ctx: HandlerContext, given: JsonValue | undefined, gvk: GroupVersionKind): JsonObject {
  const body = requireDocument(given, gvk);
  const expected = formatApiVersion(gvk);
  const apiVersion = typeof body.apiVersion === "string" && body.apiVersion !== "" ? body.apiVersion : expected;
  const kind = typeof body.kind === "string" && body.kind !== "" ? body.kind : gvk.kind;
  body.apiVersion = apiVersion;
  body.kind = kind;
  if (kind === gvk.kind && apiVersion === expected) return body;
  throw wrongType(ctx, apiVersion, kind, gvk);
}

function wrongType(ctx: HandlerContext, apiVersion: string, kind: string, wanted: GroupVersionKind): Error {
  const got = parseApiVersion(apiVersion);
  const isKnown = ctx.kinds.byApiVersionKind(apiVersion, kind) !== undefined || shapeOf(apiVersion, kind) !== undefined;
  if (isKnown && got.group === wanted.group && kind === wanted.kind) {
    return wrongVersion(apiVersion, wanted);
  }
  const why = foreignType(apiVersion, kind, wanted);
  return errors.badRequest(
    `${kind} in version ${JSON.stringify(got.version)} cannot be handled as a ${wanted.kind}: ${why}`,
  );
}

/** Why an object of this type cannot be taken where another is wanted. */
export function foreignType(apiVersion: string, kind: string, wanted: GroupVersionKind): string {
  if (shapeOf(apiVersion, kind) === undefined) {
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(schemeOf(wanted))}`;
  }
  const { version } = parseApiVersion(apiVersion);
  return `converting (${version}.${kind}) to (${wanted.group.split(".")[0] || "core"}.${wanted.kind}): unknown conversion`;
}

/** The original's registry of types, which its message names. */
function schemeOf(gvk: GroupVersionKind): string {
  if (gvk.group === "apiextensions.k8s.io") return "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55";
  if (gvk.group === "apiregistration.k8s.io") return "k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28";
  return "pkg/api/legacyscheme/scheme.go:30";
}

const summaryLengthMax = 30;

function summary(body: JsonValue): string {
  const text = JSON.stringify(body);
  return text.length > summaryLengthMax ? `${text.slice(0, summaryLengthMax)} ...` : text;
}

function unrecognized(gvk: GroupVersionKind, why: string, data: string): Error {
  return errors.badRequest(
    `the object provided is unrecognized (must be of type ${gvk.kind}): couldn't get version/kind; json parse error: ${why} (${data})`,
  );
}

const yamlErrors = "yaml: unmarshal errors:\n";

/** Each key that YAML has twice is a warning of its own. */
function warnOf(call: Call, problems: readonly string[]): void {
  for (const problem of problems) {
    const isYaml = problem.startsWith(yamlErrors);
    const texts = isYaml ? problem.slice(yamlErrors.length).split("\n") : [problem];
    for (const text of texts) warn(call, text.trim());
  }
}

/** What is applied is read as YAML once more to find what it says twice; unknown fields were refused before. */
function strictPatchError(call: Call, problems: readonly string[]): string {
  const [first = ""] = problems;
  const isApplied = call.request.patchType === "application/apply-patch+yaml";
  if (isApplied && first.startsWith(yamlErrors)) {
    return `error strict decoding YAML: error converting YAML to JSON: ${first}`;
  }
  return `strict decoding error: ${problems.join(", ")}`;
}

/** Decodes what a patch made; problems are the patch's. */
export function decodePatched(
  call: Call,
  patched: JsonObject,
  kind: Decoding,
  invalidPatch: (why: string) => Error,
): KubeObject {
  const validation = call.request.options.fieldValidation || "Warn";
  const reset = resetsManagers(patched);
  const from = call.request.patchType === "application/strategic-merge-patch+json" ? "map" : "json";
  const options: DecodeOptions = { unknownFields: validation === "Ignore" ? "drop" : "collect", from };
  const decoded = decodeOrRefuse(patched, kind, options, invalidPatch);
  if (validation !== "Ignore") {
    const problems = strictProblems(decoded.unknownFields, call.request.duplicateFields ?? []);
    if (validation === "Strict" && problems.length > 0) {
      throw invalidPatch(strictPatchError(call, problems));
    }
    warnOf(call, problems);
  }
  return asObject(decoded.object, reset);
}

const refusedDecoding = / cannot be handled as an? \S+: /;

function decodeOrRefuse(
  patched: JsonObject,
  kind: Decoding,
  options: DecodeOptions,
  invalidPatch: (why: string) => Error,
) {
  try {
    return decodeKind(patched, kind, options);
  } catch (err) {
    if (!(err instanceof Error)) throw err;
    const at = refusedDecoding.exec(err.message);
    throw at === null ? err : invalidPatch(err.message.slice(at.index + at[0].length));
  }
}
