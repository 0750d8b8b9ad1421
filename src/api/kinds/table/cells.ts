import type { KubeObject, LabelSelector } from "../../meta/index.ts";
import { humanDuration, labelSelectorAsSelector, parseTime, selectorString } from "../../meta/index.ts";
import type { Container } from "../../types/index.ts";
import type { Column } from "../kind.ts";

/** Columns and cells that many kinds share. */

export const nameColumn: Column = { name: "Name", type: "string", format: "name" };
export const ageColumn: Column = { name: "Age", type: "string" };
export const containersColumns: readonly Column[] = [
  { name: "Containers", type: "string", priority: 1 },
  { name: "Images", type: "string", priority: 1 },
];
export const selectorColumn: Column = { name: "Selector", type: "string", priority: 1 };

export function text(name: string, priority?: number): Column {
  return priority === undefined ? { name, type: "string" } : { name, type: "string", priority };
}

export function integer(name: string): Column {
  return { name, type: "integer" };
}

export const none = "<none>";
const unknown = "<unknown>";

export function nameOf(object: KubeObject): string {
  return object.metadata.name ?? "";
}

export function ageOf(object: KubeObject, now: number): string {
  return since(object.metadata.creationTimestamp, now);
}

/** How long ago, in the short form of tables. */
export function since(time: string | null | undefined, now: number): string {
  return time ? humanDuration(now - parseTime(time)) : unknown;
}

/** Names and images of containers, as two cells. */
export function containerCells(containers: readonly Container[] | undefined): [names: string, images: string] {
  const all = containers ?? [];
  return [all.map((container) => container.name).join(","), all.map((container) => container.image).join(",")];
}

/** A selector as `kubectl -l` takes it. */
export function labelSelectorText(selector: LabelSelector | null | undefined): string {
  if (!selector) return none;
  const formatted = selectorString(labelSelectorAsSelector(selector));
  return formatted === "" ? none : formatted;
}

export function labelsText(labels: Readonly<Record<string, string>> | null | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? none : entries.map(([key, value]) => `${key}=${value}`).join(",");
}
