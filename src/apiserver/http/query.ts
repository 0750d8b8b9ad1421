import { errors } from "../../api/meta/index.ts";
import type { RequestOptions } from "../request.ts";

/** The values of a query by name, in order; the shared empty one where there is no query. */
export type Query = ReadonlyMap<string, readonly string[]>;

const noQuery: Query = new Map();
const noOptions: RequestOptions = {};

/** Reads `a=1&b=2`. Pairs that cannot be decoded are left out, as the original does. */
export function parseQuery(text: string): Query {
  if (text === "") return noQuery;
  const query = new Map<string, string[]>();
  for (const pair of text.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) continue;
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return query;
}

function decode(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

/** The options of all verbs. @throws ApiError 400 with the original's words for a malformed value. */
export function parseOptions(query: Query): RequestOptions {
  if (query.size === 0) return noOptions;
  const options: Mutable<RequestOptions> = {};
  for (const [name, values] of query) readOption(options, name, values);
  return options;
}

/** Whether the query asks to watch. */
export function asksToWatch(query: Query): boolean {
  const values = query.get("watch");
  return values !== undefined && parseBoolean(values[0] ?? "");
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readOption(options: Mutable<RequestOptions>, name: string, values: readonly string[]): void {
  const first = values[0] ?? "";
  switch (name) {
    case "labelSelector":
    case "fieldSelector":
    case "continue":
    case "resourceVersion":
    case "resourceVersionMatch":
    case "fieldManager":
    case "fieldValidation":
    case "propagationPolicy":
      if (first !== "") options[name] = first;
      return;
    case "limit":
    case "timeoutSeconds":
    case "gracePeriodSeconds":
      options[name] = parseInteger(first);
      return;
    case "allowWatchBookmarks":
    case "sendInitialEvents":
    case "force":
    case "orphanDependents":
      options[name] = parseBoolean(first);
      return;
    case "dryRun":
      options.dryRun = values;
      return;
    default:
  }
}

function parseBoolean(text: string): boolean {
  return text !== "0" && text.toLowerCase() !== "false";
}

const integerPattern = /^[+-]?[0-9]+$/;
const int64Max = 2n ** 63n - 1n;

function parseInteger(text: string): number {
  if (!integerPattern.test(text))
    throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  if (value > int64Max || value < -int64Max - 1n) {
    throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(value);
}
