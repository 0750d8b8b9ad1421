import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { errors, type JsonObject } from "../../api/meta/index.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "../discovery/index.ts";
import { encodeProtobuf, writeYaml } from "./codecs.ts";
import { EtagDocuments } from "./etag-documents.ts";
import { answerHeaders } from "./headers.ts";
import { type Allowed, mediaTypes, negotiateOutput, type OutputForm } from "./negotiate.ts";
import type { PathRequest, PathRoutes } from "./path-routes.ts";
import { UnknownPath } from "./route.ts";

const aggregatedForms: Allowed = (as) =>
  as.group === "apidiscovery.k8s.io" &&
  (as.version === "v2" || as.version === "v2beta1") &&
  as.kind === "APIGroupDiscoveryList";

/** Serves what there is: `/api`, `/apis`, and the documents of groups and versions, made anew when kinds come or go. */
export class DiscoveryRoutes {
  readonly #kinds: KindRegistry;
  readonly #serverAddress: () => string;
  readonly #documents: EtagDocuments;

  /** @param serverAddress host and port at which clients reach the server. */
  constructor(kinds: KindRegistry, serverAddress: () => string) {
    this.#kinds = kinds;
    this.#serverAddress = serverAddress;
    this.#documents = new EtagDocuments(() => kinds.generation);
  }

  register(routes: PathRoutes): void {
    for (const path of ["/api", "/api/"]) routes.exact(path, (request) => this.#sendRoot(request, "/api"));
    for (const path of ["/apis", "/apis/"]) routes.exact(path, (request) => this.#sendRoot(request, "/apis"));
    routes.exact("/api/v1", (request) => this.#sendList(request, "", "v1"));
    routes.exact("/api/v1/", (request) => this.#sendList(request, "", "v1"));
    for (const group of this.#kinds.groups()) {
      if (group === "") continue;
      routes.exact(`/apis/${group}`, (request) => this.#sendGroup(request, group));
      for (const version of this.#kinds.versions(group)) {
        routes.exact(`/apis/${group}/${version}`, (request) => this.#sendList(request, group, version));
      }
    }
    // Groups that came later, and paths with a slash at their end.
    routes.below("/apis/", (request) => this.#sendByPath(request));
  }

  #all(): readonly ResourceKind[] {
    return this.#kinds.all();
  }

  #sendRoot(request: PathRequest, of: "/api" | "/apis"): void {
    const form = negotiateOutput(request.exchange.headers.accept, { allowed: aggregatedForms });
    if (form.as !== undefined) this.#sendAggregated(request, of, form, form.as.version === "v2" ? "v2" : "v2beta1");
    else if (of === "/api") this.#send(request, form, of, () => apiVersions(this.#serverAddress()));
    else this.#send(request, form, of, () => apiGroupList(this.#all()));
  }

  #sendAggregated(request: PathRequest, of: "/api" | "/apis", form: OutputForm, version: "v2" | "v2beta1"): void {
    const name = `${of} ${version} ${form.format}`;
    const document = this.#documents.get(name, () => encode(aggregatedDiscovery(this.#all(), of, version), form));
    const type = `${mediaTypes[form.format]};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const headers = answerHeaders(type, request.auditId);
    headers.vary = "Accept";
    document.send(request.exchange, headers);
  }

  #sendGroup(request: PathRequest, group: string): void {
    this.#negotiated(request, group, () => apiGroup(this.#all(), group));
  }

  #sendList(request: PathRequest, group: string, version: string): void {
    this.#negotiated(request, `${group}/${version}`, () => apiResourceList(this.#all(), group, version));
  }

  #sendByPath(request: PathRequest): void {
    const [, , group = "", version = "", ...more] = request.path.split("/");
    const known = this.#kinds.versions(group);
    if (known.length === 0) throw new UnknownPath(request.path);
    if (version === "" && more.length === 0) this.#sendGroup(request, group);
    else if (known.includes(version) && more.every((part) => part === "")) this.#sendList(request, group, version);
    else throw errors.genericNotFound();
  }

  #negotiated(request: PathRequest, name: string, build: () => JsonObject | undefined): void {
    const form = negotiateOutput(request.exchange.headers.accept, { allowed: () => false });
    this.#send(request, form, name, () => {
      const document = build();
      if (document === undefined) throw errors.genericNotFound();
      return document;
    });
  }

  #send(request: PathRequest, form: OutputForm, name: string, build: () => JsonObject): void {
    const document = this.#documents.get(`${name} ${form.format}`, () => encode(build(), form));
    document.sendWhole(request.exchange, answerHeaders(mediaTypes[form.format], request.auditId));
  }
}

function encode(document: JsonObject, form: OutputForm): Buffer {
  if (form.format === "protobuf") return encodeProtobuf(document, undefined);
  return Buffer.from(form.format === "yaml" ? writeYaml(document) : `${JSON.stringify(document)}\n`);
}
