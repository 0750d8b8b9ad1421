import type { KindRegistry } from "../../api/kinds/index.ts";
import { errors, type JsonObject } from "../../api/meta/index.ts";
import {
  encodeOpenApiV2,
  groupVersionOf,
  type OpenApiOptions,
  openApiV2,
  openApiV3,
  openApiV3Hash,
  openApiV3Index,
} from "../discovery/index.ts";
import type { DelegatedServers } from "./delegated-servers.ts";
import { type EtagDocument, EtagDocuments } from "./etag-documents.ts";
import { answerHeaders } from "./headers.ts";
import type { PathRequest, PathRoutes } from "./path-routes.ts";

const jsonTypes = ["application/json", "application/*", "*/*"];
/** The type with an @ is what older clients ask for; both are answered with the valid one. */
const protobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const protobufTypes = [protobufType, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"];

/** Serves `/openapi/v2` and `/openapi/v3`; each document is built when it is first asked for. */
export class OpenApiRoutes {
  readonly #kinds: KindRegistry;
  readonly #options: OpenApiOptions;
  readonly #delegates: DelegatedServers | undefined;
  readonly #documents: EtagDocuments;
  /** Of group versions, each as long as its hash stays: most do when a custom resource comes. */
  readonly #ofVersions = new EtagDocuments(() => 0);
  readonly #hashes = new Map<string, string>();

  /** @param delegates whose documents are told of beside those of this server. */
  constructor(kinds: KindRegistry, options: OpenApiOptions, delegates?: DelegatedServers) {
    this.#kinds = kinds;
    this.#options = options;
    this.#delegates = delegates;
    this.#documents = new EtagDocuments(() => kinds.generation);
  }

  register(routes: PathRoutes): void {
    routes.exact("/openapi/v2", (request) => this.#sendV2(request));
    for (const path of ["/openapi/v3", "/openapi/v3/"]) {
      routes.exact(path, async (request) => {
        requireJson(request);
        const index = await this.#documents.get("v3", () => encode(this.#index()));
        index.send(request.exchange, headersOf(request));
      });
    }
    routes.below("/openapi/v3/", (request) => this.#sendGroupVersion(request));
  }

  #index(): JsonObject {
    const index = openApiV3Index(this.#kinds.all(), this.#options);
    const others = [...(this.#delegates?.openApiV3() ?? [])];
    const entries = others.map(([path, serverRelativeURL]) => [path, { serverRelativeURL }] as const);
    return { ...index, paths: { ...(index.paths as JsonObject), ...Object.fromEntries(entries) } };
  }

  async #sendV2(request: PathRequest): Promise<void> {
    const type = acceptedType(request, [...jsonTypes, ...protobufTypes]);
    if (type === undefined) throw errors.onlyAcceptable(["application/json", protobufType]);
    const build = (): JsonObject => {
      const own = openApiV2(this.#kinds.all(), this.#options);
      return this.#delegates?.withOpenApiV2(own) ?? own;
    };
    if (!protobufTypes.includes(type)) {
      const document = await this.#documents.get("v2", () => encode(build()));
      document.send(request.exchange, headersOf(request));
      return;
    }
    const document = await this.#documents.get("v2 protobuf", () => encodeOpenApiV2(build()));
    document.send(request.exchange, headersOf(request, protobufType));
  }

  async #sendGroupVersion(request: PathRequest): Promise<void> {
    const name = request.path.slice("/openapi/v3/".length);
    const [group, version] = groupVersionOf(name);
    const delegated = this.#kinds.delegated(group, version);
    if (delegated !== undefined && this.#delegates !== undefined) {
      await this.#delegates.serve(delegated, request.exchange, request.user);
      return;
    }
    const hash = openApiV3Hash(this.#kinds.all(), name, this.#options);
    if (hash === undefined) throw errors.genericNotFound();
    requireJson(request);
    const asked = request.query.get("hash")?.[0];
    if (asked !== undefined && asked !== hash) {
      const headers = answerHeaders("text/plain; charset=utf-8", request.auditId);
      headers.location = `${request.path}?hash=${hash}`;
      request.exchange.send(301, headers, "");
      return;
    }
    const headers = headersOf(request);
    if (asked !== undefined) headers["cache-control"] = "public, immutable";
    (await this.#document(name, hash)).send(request.exchange, headers);
  }

  #document(name: string, hash: string): Promise<EtagDocument> {
    if (this.#hashes.get(name) !== hash) this.#ofVersions.forget(name);
    this.#hashes.set(name, hash);
    return this.#ofVersions.get(name, () => {
      const document = openApiV3(this.#kinds.all(), name, this.#options);
      if (document === undefined) throw errors.genericNotFound();
      return encode(document);
    });
  }
}

function encode(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function headersOf(request: PathRequest, type = "application/json") {
  const headers = answerHeaders(type, request.auditId);
  headers.vary = "Accept";
  return headers;
}

/** The first of the types that the client takes; the first of all where it does not say. */
function acceptedType(request: PathRequest, offered: readonly string[]): string | undefined {
  const { accept } = request.exchange.headers;
  if (accept === undefined || accept === "") return offered[0];
  return accept
    .split(",")
    .map((range) => range.split(";")[0]?.trim() ?? "")
    .find((range) => offered.includes(range));
}

/** The documents of v3 have a protobuf form in the original, which is not served here: clients fall back to JSON. */
function requireJson(request: PathRequest): void {
  if (acceptedType(request, jsonTypes) === undefined) throw errors.onlyAcceptable(["application/json"]);
}
