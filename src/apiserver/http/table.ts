import {
  type Column,
  defaultTable,
  fieldOfColumn,
  metadataView,
  type ResourceKind,
  type TableStrategy,
  textOfColumn,
} from "../../api/kinds/index.ts";
import type { KubeObject, ListMeta } from "../../api/meta/index.ts";
import { publishedFieldText } from "../discovery/index.ts";

/** How much of each object a table carries beside its cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

export function includeObjectOf(values: readonly string[] | undefined): IncludeObject {
  const value = values?.[0];
  return value === "None" || value === "Object" ? value : "Metadata";
}

/** What a table needs to know of a kind. */
type ShownKind = Pick<ResourceKind, "kind"> & { readonly strategy: { readonly table?: TableStrategy } };

/** Writes objects of one kind as the `Table` that kubectl prints, as JSON text. */
export class TableWriter {
  readonly #strategy: TableStrategy;
  readonly #include: IncludeObject;
  readonly #now: number;
  readonly #apiVersion: string;
  readonly #kind: string;

  constructor(kind: ShownKind | undefined, include: IncludeObject, now: number, apiVersion = "meta.k8s.io/v1") {
    this.#kind = kind?.kind ?? "";
    this.#strategy = kind?.strategy.table ?? defaultTable;
    this.#include = include;
    this.#now = now;
    this.#apiVersion = apiVersion;
  }

  /** Everything before the first row. Within a watch only the first event defines the columns. */
  head(metadata: ListMeta, withColumns = true): string {
    const columns = withColumns ? columnsJson(this.#strategy.columns, this.#kind) : "null";
    const meta = JSON.stringify(metadata);
    return `{"kind":"Table","apiVersion":"${this.#apiVersion}","metadata":${meta},"columnDefinitions":${columns},"rows":[`;
  }

  row(object: KubeObject): string {
    const cells = this.#strategy.cells(object, this.#now);
    return `{"cells":${JSON.stringify(cells)},"object":${this.#objectJson(object)}}`;
  }

  /** The row of a bookmark, whose object has metadata alone. */
  emptyRow(object: KubeObject): string {
    return `{"cells":${JSON.stringify(this.#strategy.columns.map(() => null))},"object":${this.#objectJson(object)}}`;
  }

  readonly tail = "]}";

  #objectJson(object: KubeObject): string {
    if (this.#include === "None") return "null";
    return this.#include === "Object" ? JSON.stringify(object) : partialMetadataJson(object, this.#apiVersion);
  }
}

const columnTexts = new WeakMap<readonly Column[], Map<string, string>>();

/** Kinds may share columns, whose descriptions are yet their own. */
function columnsJson(columns: readonly Column[], kind: string): string {
  const byKind = columnTexts.get(columns) ?? new Map<string, string>();
  const known = byKind.get(kind);
  if (known !== undefined) return known;
  const text = JSON.stringify(columns.map((column) => definition(column, kind)));
  columnTexts.set(columns, byKind.set(kind, text));
  return text;
}

function definition({ name, type, format = "", description, priority = 0 }: Column, kind: string) {
  return { name, type, format, description: description ?? describing(kind, name), priority };
}

function describing(kind: string, column: string): string {
  const field = fieldOfColumn(kind, column);
  return (field === undefined ? textOfColumn(kind, column) : publishedFieldText(field)) ?? "";
}

/** An object's metadata as a `PartialObjectMetadata`, JSON text. */
export function partialMetadataJson(object: KubeObject, apiVersion = "meta.k8s.io/v1"): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadataView(object))}}`;
}
