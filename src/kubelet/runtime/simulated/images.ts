import { createHash } from "node:crypto";
import { RuntimeError } from "../runtime.ts";
import { baseName } from "./shell/index.ts";

const defaultRegistry = "docker.io";
const domain = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9-]+)*(?::[0-9]+)?$/;
const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9+._-]+:[a-fA-F0-9]{32,}$/;
/** Images whose programs the simulation knows are part of it: they are on every node. */
const builtIn = ["busybox", "alpine", "nginx", "pause"];
/** No registry has images of tags that say so. */
const missingTag = /^(404|non-?existent|does-not-exist)$/;
/** The same few images are named by many pods: what is known of so many is kept. */
const knownImagesMax = 10_000;

export interface ImageName {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const names = new Map<string, ImageName | undefined>();

/** Reads an image reference as containers name it; undefined when it is none. */
export function parseImageName(text: string): ImageName | undefined {
  if (names.has(text)) return names.get(text);
  const name = readImageName(text);
  if (names.size >= knownImagesMax) names.clear();
  names.set(text, name);
  return name;
}

function readImageName(text: string): ImageName | undefined {
  const [named = "", digest] = text.split("@", 2);
  if (digest !== undefined && !digestPattern.test(digest)) return undefined;
  const slash = named.indexOf("/");
  const head = slash < 0 ? "" : named.slice(0, slash);
  const hasDomain = head !== "" && (/[.:]/.test(head) || head === "localhost" || head !== head.toLowerCase());
  const rest = hasDomain ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(":");
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  if (hasDomain && !domain.test(head)) return undefined;
  if (!path.test(repository) || (tag !== undefined && !tagPattern.test(tag))) return undefined;
  const registry = hasDomain ? head : defaultRegistry;
  const full = registry === defaultRegistry && !repository.includes("/") ? `library/${repository}` : repository;
  return { domain: registry, path: full, digest, tag: tag ?? (digest === undefined ? "latest" : undefined) };
}

export function imageNameText({ domain, path, tag, digest }: ImageName): string {
  return `${domain}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The images of one simulated node. Their contents are nothing but their name. */
export class SimulatedImages {
  readonly #present = new Set<string>();

  constructor(preloaded: readonly string[] = []) {
    for (const image of preloaded) this.add(image);
  }

  has(image: string): boolean {
    const name = parseImageName(image);
    if (name === undefined) return false;
    return this.#present.has(imageNameText(name)) || isBuiltIn(name);
  }

  /** @throws RuntimeError when the name is none, its registry never answers (a domain of `.invalid`), or has no such tag (`404`, `non-existent`). */
  checkPullable(image: string): void {
    const name = parseImageName(image);
    if (name === undefined) {
      throw new RuntimeError("InvalidArgument", `failed to parse image name "${image}": invalid reference format`);
    }
    if (/\.invalid(:[0-9]+)?$/.test(name.domain)) {
      const text = imageNameText(name);
      throw new RuntimeError(
        "Unknown",
        `failed to pull and unpack image "${text}": failed to resolve reference "${text}": failed to do request: ` +
          `Head "https://${name.domain}/v2/${name.path}/manifests/${name.tag ?? name.digest}": ` +
          `dial tcp: lookup ${name.domain}: no such host`,
      );
    }
    if (name.tag !== undefined && missingTag.test(name.tag)) {
      const text = imageNameText(name);
      throw new RuntimeError(
        "NotFound",
        `failed to pull and unpack image "${text}": failed to resolve reference "${text}": ${text}: not found`,
      );
    }
  }

  add(image: string): void {
    const name = parseImageName(image);
    if (name !== undefined) this.#present.add(imageNameText(name));
  }

  remove(image: string): void {
    const name = parseImageName(image);
    if (name !== undefined) this.#present.delete(imageNameText(name));
  }

  list(): readonly string[] {
    return [...this.#present];
  }
}

function isBuiltIn({ domain, path }: ImageName): boolean {
  return domain === defaultRegistry && builtIn.includes(baseName(path)) && path.startsWith("library/");
}

export function normalizedImage(image: string): string {
  const name = parseImageName(image);
  return name === undefined ? image : imageNameText(name);
}

const ids = new Map<string, string>();

/** The same on every node. */
export function imageId(image: string): string {
  const text = normalizedImage(image);
  let id = ids.get(text);
  if (id === undefined) {
    id = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    if (ids.size >= knownImagesMax) ids.clear();
    ids.set(text, id);
  }
  return id;
}

/** Between 2 MB and 200 MB, always the same for one image. */
export function imageSizeBytes(image: string): number {
  return 2_000_000 + (Number.parseInt(imageId(image).slice(7, 19), 16) % 198_000_000);
}
