import { errors } from "../../api/meta/index.ts";

export type Format = "json" | "yaml" | "protobuf";

/** How the client wants an answer. */
export interface OutputForm {
  readonly format: Format;
  /** Asked for instead of the object itself. */
  readonly as?: { readonly kind: string; readonly group: string; readonly version: string };
  /** JSON with line breaks and indentation. */
  readonly pretty?: boolean;
}

export const mediaTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
};

export const objectMediaTypes: readonly string[] = [mediaTypes.json, mediaTypes.yaml, mediaTypes.protobuf];
export const streamMediaTypes: readonly string[] = [
  `${mediaTypes.json};stream=watch`,
  `${mediaTypes.protobuf};stream=watch`,
];
const collectionMediaTypes = [...objectMediaTypes, ...streamMediaTypes];
const formats: readonly Format[] = ["json", "yaml", "protobuf"];
export const plainJson: OutputForm = { format: "json" };

interface AcceptClause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Clients send a handful of different headers over and over. */
const knownClausesMax = 500;
const knownClauses = new Map<string, readonly AcceptClause[]>();

function clausesOf(accept: string): readonly AcceptClause[] {
  const known = knownClauses.get(accept);
  if (known !== undefined) return known;
  const clauses = accept.split(",").map(parseClause).sort(compareClauses);
  if (knownClauses.size >= knownClausesMax) knownClauses.clear();
  knownClauses.set(accept, clauses);
  return clauses;
}

function parseClause(text: string): AcceptClause {
  const [range = "", ...rest] = text.split(";").map((part) => part.trim());
  const slash = range.indexOf("/");
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf("=");
    if (equals > 0) parameters.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const quality = Number(parameters.get("q") ?? "1");
  parameters.delete("q");
  return {
    type: slash < 0 ? range : range.slice(0, slash),
    subtype: slash < 0 ? "*" : range.slice(slash + 1),
    quality: Number.isNaN(quality) ? 1 : quality,
    parameters,
  };
}

/** Better quality first, then the more specific range; otherwise as the client wrote them. */
function compareClauses(a: AcceptClause, b: AcceptClause): number {
  return b.quality - a.quality || specificity(b) - specificity(a);
}

function specificity(clause: AcceptClause): number {
  return (clause.type === "*" ? 0 : 2) + (clause.subtype === "*" ? 0 : 1);
}

function matches(clause: AcceptClause, mediaType: string): boolean {
  if (clause.type === "*") return clause.subtype === "*";
  if (clause.type !== "application") return false;
  return clause.subtype === "*" || mediaType === `application/${clause.subtype}`;
}

/** Forms of an answer beside the object itself: what `as=` may name. */
export type Allowed = (as: { kind: string; group: string; version: string }) => boolean;

const tableKinds: ReadonlySet<string> = new Set(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]);
const metaVersions: ReadonlySet<string> = new Set(["v1", "v1beta1"]);

export const metaForms: Allowed = (as) =>
  as.group === "meta.k8s.io" && metaVersions.has(as.version) && tableKinds.has(as.kind);
/** For kinds that are answered but not kept, such as reviews: they have no columns. */
export const metaFormsButTable: Allowed = (as) => as.kind !== "Table" && metaForms(as);
export const noForms: Allowed = () => false;

export interface NegotiateOptions {
  readonly allowed: Allowed;
  /** A watch: YAML has no streamed form. */
  readonly stream?: boolean;
  /** A collection's route also offers streams, which the message of a 406 lists. */
  readonly collection?: boolean;
  /** Without protobuf for kinds that have no protobuf form. */
  readonly protobuf?: boolean;
}

/** The best form that the client accepts. @throws ApiError 406 as the original words it. */
export function negotiateOutput(accept: string | undefined, options: NegotiateOptions): OutputForm {
  if (accept === undefined || accept === "" || accept === "*/*" || accept === "application/json") return plainJson;
  const clauses = clausesOf(accept);
  const usable = formats.filter((format) => isOffered(format, options));
  for (const clause of clauses) {
    for (const format of usable) {
      if (!matches(clause, mediaTypes[format])) continue;
      const form = withParameters(format, clause.parameters, options.allowed);
      if (form !== undefined) return form;
    }
  }
  throw refusal(clauses, options);
}

function isOffered(format: Format, options: NegotiateOptions): boolean {
  if (format === "yaml") return options.stream !== true;
  return format !== "protobuf" || options.protobuf !== false;
}

function withParameters(
  format: Format,
  parameters: ReadonlyMap<string, string>,
  allowed: Allowed,
): OutputForm | undefined {
  if (parameters.size === 0) return format === "json" ? plainJson : { format };
  const pretty = parameters.get("pretty") === "1" || parameters.get("pretty") === "true";
  const kind = parameters.get("as");
  if (kind === undefined) return { format, pretty };
  const as = { kind, group: parameters.get("g") ?? "", version: parameters.get("v") ?? "" };
  return allowed(as) ? { format, as, pretty } : undefined;
}

/** The router looks at types alone and lists what the route offers; what it lets pass fails later with other words. */
function refusal(clauses: readonly AcceptClause[], options: NegotiateOptions): Error {
  const offered = withoutProtobuf(options.collection ? collectionMediaTypes : objectMediaTypes, options.protobuf);
  const passesRouter = clauses.some((clause) => formats.some((format) => matches(clause, mediaTypes[format])));
  if (!passesRouter) return errors.notAcceptable(offered);
  return errors.onlyAcceptable(withoutProtobuf(options.stream ? streamMediaTypes : objectMediaTypes, options.protobuf));
}

function withoutProtobuf(types: readonly string[], protobuf = true): readonly string[] {
  return protobuf ? types : types.filter((type) => !type.startsWith(mediaTypes.protobuf));
}

/** The format of a request body. @throws ApiError 415 */
export function negotiateInput(contentType: string | undefined, protobuf = true): Format {
  if (contentType === undefined || contentType === "" || contentType === mediaTypes.json) return "json";
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  const format = formats.find((candidate) => mediaTypes[candidate] === type);
  if (format === undefined || (format === "protobuf" && !protobuf)) {
    throw errors.unsupportedMediaType(withoutProtobuf(objectMediaTypes, protobuf));
  }
  return format;
}
