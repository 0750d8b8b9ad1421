import type { Column, ResourceKind, TableStrategy } from "../../api/kinds/index.ts";
import { humanDuration, type KubeObject, type ListMeta } from "../../api/meta/index.ts";

/** How much of each object a table carries beside its cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

export function includeObjectOf(values: readonly string[] | undefined): IncludeObject {
  const value = values?.[0];
  return value === "None" || value === "Object" ? value : "Metadata";
}

const nameAndAge: TableStrategy = {
  columns: [
    { name: "Name", type: "string", format: "name" },
    { name: "Age", type: "string" },
  ],
  cells: (object, now) => [object.metadata.name ?? "", age(object, now)],
};

function age(object: KubeObject, now: number): string {
  const created = object.metadata.creationTimestamp;
  return typeof created === "string" ? humanDuration(now - Date.parse(created)) : "<unknown>";
}

/** Writes objects of one kind as the `Table` that kubectl prints, as JSON text. */
export class TableWriter {
  readonly #strategy: TableStrategy;
  readonly #include: IncludeObject;
  readonly #now: number;
  readonly #apiVersion: string;

  constructor(kind: ResourceKind | undefined, include: IncludeObject, now: number, apiVersion = "meta.k8s.io/v1") {
    this.#strategy = kind?.strategy.table ?? nameAndAge;
    this.#include = include;
    this.#now = now;
    this.#apiVersion = apiVersion;
  }

  /** Everything before the first row. Within a watch only the first event defines the columns. */
  head(metadata: ListMeta, withColumns = true): string {
    const columns = withColumns ? columnsJson(this.#strategy.columns) : "null";
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

const columnTexts = new WeakMap<readonly Column[], string>();

function columnsJson(columns: readonly Column[]): string {
  let text = columnTexts.get(columns);
  if (text === undefined) {
    text = JSON.stringify(
      columns.map(({ name, type, format = "", description = "", priority = 0 }) => ({
        name,
        type,
        format,
        description,
        priority,
      })),
    );
    columnTexts.set(columns, text);
  }
  return text;
}

/** An object's metadata as a `PartialObjectMetadata`, JSON text. */
export function partialMetadataJson(object: KubeObject, apiVersion = "meta.k8s.io/v1"): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":${JSON.stringify(object.metadata)}}`;
}
