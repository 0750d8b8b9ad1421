import type { Column, TableStrategy } from "../../../api/kinds/index.ts";
import { humanDuration, isValidTime, type JsonObject, type JsonValue, parseTime } from "../../../api/meta/index.ts";
import type { CustomResourceColumnDefinition } from "../../../api/types/index.ts";
import { compileJsonPath, type JsonPath } from "./json-path.ts";

type CellType = Column["type"];

interface CompiledColumn {
  readonly column: Column;
  /** Undefined for a path that is none: the cell stays empty. */
  readonly path: JsonPath | undefined;
}

const ageColumn: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

const types: readonly string[] = ["string", "integer", "number", "boolean", "date"] satisfies CellType[];

function isCellType(type: string): type is CellType {
  return types.includes(type);
}

/** What `kubectl get` prints of a custom resource: its name, and the columns of its definition or else its age. */
export function customTable(definitions: readonly CustomResourceColumnDefinition[] | undefined): TableStrategy {
  const shown = definitions && definitions.length > 0 ? definitions : [ageColumn];
  const compiled = shown.map(compileColumn);
  return {
    columns: [{ name: "Name", type: "string", format: "name" }, ...compiled.map(({ column }) => column)],
    cells: (object, now) => [
      object.metadata.name ?? "",
      ...compiled.map(({ column, path }) => cellOf(path?.(object as object as JsonObject)[0], column.type, now)),
    ],
  };
}

function compileColumn(definition: CustomResourceColumnDefinition): CompiledColumn {
  const { name, type, format, priority, jsonPath } = definition;
  const text = `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  // The age of all objects has the words that creationTimestamp has; the server knows them by the column's name.
  const description = definition === ageColumn ? undefined : definition.description || text;
  const column: Column = {
    name,
    type: isCellType(type) ? type : "string",
    ...(format && { format }),
    ...(priority && { priority }),
    ...(description !== undefined && { description }),
  };
  return { column, path: pathOf(jsonPath) };
}

function pathOf(text: string): JsonPath | undefined {
  try {
    return compileJsonPath(text);
  } catch {
    return undefined;
  }
}

type Cell = string | number | boolean | null;

function cellOf(value: JsonValue | undefined, type: CellType, now: number): Cell {
  if (value === undefined) return null;
  switch (type) {
    case "string":
      return printed(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      if (typeof value !== "string") return null;
      return isValidTime(value) ? humanDuration(now - parseTime(value)) : "<invalid>";
  }
}

/** As kubectl's JSONPath prints a value. */
function printed(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
