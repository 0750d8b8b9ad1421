import type { KindRegistry } from "../../api/kinds/index.ts";
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

  async #sendRoot(request: PathRequest, of: "/api" | "/apis"): Promise<void> {
    const form = negotiateOutput(request.exchange.headers.accept, { allowed: aggregatedForms });
    if (form.as !== undefined)
      await this.#sendAggregated(request, of, form, form.as.version === "v2" ? "v2" : "v2beta1");
    else if (of === "/api") await this.#send(request, form, of, () => apiVersions(this.#serverAddress()));
    else await this.#send(request, form, of, () => apiGroupList(this.#kinds.served()));
  }

  async #sendAggregated(
    request: PathRequest,
    of: "/api" | "/apis",
    form: OutputForm,
    version: "v2" | "v2beta1",
  ): Promise<void> {
    const name = `${of} ${version} ${form.format}`;
    const document = await this.#documents.get(name, () =>
      encode(aggregatedDiscovery(this.#kinds.served(), of, version), form),
    );
    const type = `${mediaTypes[form.format]};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const headers = answerHeaders(type, request.auditId);
    headers.vary = "Accept";
    document.send(request.exchange, headers);
  }

  async #sendGroup(request: PathRequest, group: string): Promise<void> {
    await this.#negotiated(request, group, () => {
      const served = this.#kinds.servedGroup(group);
      return served && apiGroup(served);
    });
  }

  async #sendList(request: PathRequest, group: string, version: string): Promise<void> {
    await this.#negotiated(request, `${group}/${version}`, () => {
      const served = this.#kinds.servedGroup(group)?.versions.find((one) => one.version === version);
      return served && apiResourceList(group, served);
    });
  }

  async #sendByPath(request: PathRequest): Promise<void> {
    const [, , group = "", version = "", ...more] = request.path.split("/");
    const known = this.#kinds.servedGroup(group)?.versions.map((one) => one.version) ?? [];
    if (known.length === 0) throw new UnknownPath(request.path);
    if (version === "" && more.length === 0) await this.#sendGroup(request, group);
    else if (known.includes(version) && more.every((part) => part === ""))
      await this.#sendList(request, group, version);
    else throw errors.genericNotFound();
  }

  async #negotiated(request: PathRequest, name: string, build: () => JsonObject | undefined): Promise<void> {
    const form = negotiateOutput(request.exchange.headers.accept, { allowed: () => false });
    await this.#send(request, form, name, () => {
      const document = build();
      if (document === undefined) throw errors.genericNotFound();
      return document;
    });
  }

  async #send(request: PathRequest, form: OutputForm, name: string, build: () => JsonObject): Promise<void> {
    const document = await this.#documents.get(`${name} ${form.format}`, () => encode(build(), form));
    document.sendWhole(request.exchange, answerHeaders(mediaTypes[form.format], request.auditId));
  }
}

async function encode(document: JsonObject, form: OutputForm): Promise<Buffer> {
  if (form.format === "protobuf") return encodeProtobuf(document);
  return Buffer.from(form.format === "yaml" ? await writeYaml(document) : `${JSON.stringify(document)}\n`);
}
