import { deepEqual, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { ListShape, Shape } from "../schema/index.ts";
import { setField } from "./json-patch.ts";
import type { PathElement } from "./path-element.ts";
import { childShape, granularityOfBoth, isBlank, isObject, itemElement } from "./typed.ts";

/**
 * Lays a configuration over a live value: its leaves win, nothing is removed. Lists keep the live order where the
 * configuration does not say otherwise. Returns the live value itself if it does not change.
 */
export function mergeConfig(live: JsonValue, config: JsonValue, shape: Shape): JsonValue {
  if (live === config) return live;
  const kind = granularityOfBoth(shape, live, config);
  if (kind === "leaf" || (isBlank(live) && isBlank(config))) return deepEqual(live, config) ? live : config;
  if (kind === "fields") return mergeFields(live, config, shape);
  return mergeItems(live, config, shape as ListShape);
}

function mergeFields(live: JsonValue, config: JsonValue, shape: Shape): JsonValue {
  if (!isObject(config)) return live;
  if (!isObject(live)) return config;
  let result: JsonObject = live;
  for (const key in config) {
    const value = config[key];
    if (value === undefined) continue;
    const old = Object.hasOwn(live, key) ? live[key] : undefined;
    const merged = old === undefined ? value : mergeConfig(old, value, childShape(shape, key));
    if (merged === old) continue;
    if (result === live) result = { ...live };
    setField(result, key, merged);
  }
  return result;
}

function mergeItems(live: JsonValue, config: JsonValue, list: ListShape): JsonValue {
  if (!Array.isArray(config)) return live;
  if (!Array.isArray(live)) return config;
  const merged = weave(live, config, list);
  return merged.length === live.length && merged.every((item, i) => item === live[i]) ? live : merged;
}

/**
 * Walks both lists at once. Items of both lists come in the order of the configuration; those that only the live list
 * has stay behind their predecessors there. Live items that share a key are replaced, not merged.
 */
function weave(live: readonly JsonValue[], config: readonly JsonValue[], list: ListShape): JsonValue[] {
  const liveElements = live.map((item) => itemElement(list, item));
  const configElements = config.map((item) => itemElement(list, item));
  const liveItems = byElement(live, liveElements);
  const configItems = new Set(configElements);
  const shared = configElements.filter((element) => liveItems.has(element));
  const taken = new Set<PathElement>();
  const result: JsonValue[] = [];
  let nextShared = 0;
  const take = (at: number): void => {
    const element = configElements[at] ?? "";
    const item = config[at] ?? null;
    const old = liveItems.get(element);
    taken.add(element);
    result.push(old === undefined || old === null ? item : mergeConfig(old, item, list.items));
    if (shared[nextShared] === element) nextShared++;
  };
  let l = 0;
  let c = 0;
  while (l < live.length || c < config.length) {
    const element = liveElements[l];
    if (element !== undefined && c < config.length) {
      if (element === configElements[c]) {
        take(c++);
        l++;
        continue;
      }
      // Also in the configuration, but later.
      if (configItems.has(element) && nextShared < shared.length && shared[nextShared] !== element) {
        l++;
        continue;
      }
    }
    if (element !== undefined) {
      if (!configItems.has(element)) {
        result.push(live[l++] ?? null);
        continue;
      }
      if (taken.has(element)) l++;
    }
    if (c < config.length) take(c++);
  }
  return result;
}

/** Null for a key that more than one item has. */
function byElement(items: readonly JsonValue[], elements: readonly PathElement[]): Map<PathElement, JsonValue> {
  const map = new Map<PathElement, JsonValue>();
  elements.forEach((element, i) => {
    map.set(element, map.has(element) ? null : (items[i] ?? null));
  });
  return map;
}
