import { readFileSync } from "node:fs";
import type { KindRegistry, ResourceKind } from "../../src/api/kinds/index.ts";
import type { JsonObject } from "../../src/api/meta/index.ts";

let byKind: Map<string, JsonObject[]> | undefined;

/** Bodies with which objects of a kind can be created; none for the kinds that nobody recorded. */
export function seedsOf(kind: ResourceKind): readonly JsonObject[] {
  byKind ??= readSeeds();
  const { group, version } = kind;
  return byKind.get(`${group === "" ? version : `${group}/${version}`}/${kind.kind}`) ?? [];
}

function readSeeds(): Map<string, JsonObject[]> {
  const seeds = new Map<string, JsonObject[]>();
  for (const line of readFileSync(new URL("seeds.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n")) {
    const body = JSON.parse(line) as JsonObject;
    const name = `${body.apiVersion}/${body.kind}`;
    seeds.set(name, [...(seeds.get(name) ?? []), body]);
  }
  return seeds;
}

/** The kinds that the fuzz goes through, as `--only` names them. */
export function kindName(kind: ResourceKind): string {
  return `${kind.group === "" ? "core" : kind.group}/${kind.version}/${kind.resource}`;
}

export function kindsToFuzz(kinds: KindRegistry, only?: string): ResourceKind[] {
  return kinds.all().filter((kind) => only === undefined || kindName(kind).includes(only));
}
